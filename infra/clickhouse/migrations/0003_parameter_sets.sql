-- Every set of parameters with the entry from which on it is in force: genesis, and the clocks at which people's changes
-- took effect. The text of a change is that of the command, which was signed as these very bytes.
create or replace view parameter_sets as
select pool, journal_offset, version, text
from parameters final
union all
select
    effect.pool as pool,
    effect.journal_offset as journal_offset,
    effect.parameters_version as version,
    JSONExtractRaw(command.text, 'order', 'parameters') as text
from (select * from events final where type = 'command-effective' and code = 3) as effect
join (select pool, journal_offset, text from journal final where kind = 'command') as command
    on command.pool = effect.pool and command.journal_offset = effect.reference_offset;
