"""recording.toml: what a recording is, where each series comes from and under which licence, and what is derived.

The same file describes a recording before it is built (then it is called a specification, `recordings/specs/`) and
after: building copies the text and appends a ``[files]`` table of what was written. Users find the fields in
docs/reference/recording.md.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from flows.recording.files import MANIFEST, RecordingError
from flows.rules.scale.time import SECOND_NS

if TYPE_CHECKING:
    from pathlib import Path

GENERATED: Final = "\n# --- written by `marginline recording build`: what the files hold "
"""A recording.toml is its specification up to this mark."""

Share = Field(ge=0, le=1)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Series(_Part):
    """One file of prices."""

    id: str
    file: str
    kind: Literal["bars", "ticks", "depth"]
    interval_s: int = Field(default=1, ge=1, le=86_400)  # of a bar; over 1 it is bridged
    symbol_column: str = ""  # empty: the file holds one symbol
    symbol: str = "{asset}"  # how the file calls an asset
    where: dict[str, str] = {}  # column = value: rows of other values are left out
    volume_unit: Literal["base_e3", "base_e8", "contracts_e8", "contracts"] = "base_e3"
    contract: float = Field(default=0, ge=0)  # settlement asset a contract, where volume is in contracts
    provenance: str
    licence: str
    derived: bool


class Lag(_Part):
    """How long a derived quote is on its way: lognormal, longer when volatility is, cut at ``cap_ms``."""

    median_ms: float = Field(gt=0)
    sigma: float = Field(ge=0)
    cap_ms: float = Field(gt=0)
    grid_ms: int = Field(ge=1)


class Origin(_Part):
    """Whether a topic's lines are recorded or derived, and how."""

    derived: bool
    how: str


class Source(_Part):
    """One publisher of oracle prices. Without ``series`` it is derived from the real ones."""

    id: str
    assets: tuple[str, ...]
    heartbeat_s: int = Field(ge=1, le=3_600)
    derived: bool
    series: str = ""
    noise: bool = True  # off: it sends the path itself
    lag: Lag | None = None  # none: as recorded


class Market(_Part):
    """One perpetual: where its own trades come from, and how much liquidity its book has on a calm day."""

    id: str
    asset: str
    series: str
    trades: str = ""  # a series of ticks; empty: trades are derived from the bars
    trade_every_s: int = Field(default=5, ge=1, le=60)
    share_ppm: int = Field(ge=1)  # of the recorded venue's volume that this venue has
    depth_one_percent: float = Field(gt=0)  # settlement asset within 1 % of the mid, a side, calm
    half_spread_bps: float = Field(gt=0)


class Noise(_Part):
    """How derived sources differ from each other: measured figures, see the reference page."""

    offset_bps: float = Field(ge=0)
    white_bps: float = Field(ge=0)
    wander_bps: float = Field(ge=0)
    wander_half_life_s: float = Field(gt=0)
    scale_cap: float = Field(ge=1)  # largest factor by which a moving minute widens noise, lag and confidence
    confidence_bps: float = Field(gt=0)
    confidence_cap_bps: float = Field(gt=0)


class Depth(_Part):
    """The book: its profile, and how it thins when a minute moves more than the calm one."""

    every_s: int = Field(ge=1, le=60)
    profile: float = Field(gt=0, le=1)  # depth within d percent is (within 1 %) x d^profile
    thinning: float = Field(ge=0)  # depth x (range of the minute / calm range)^-thinning
    thinnest: float = Field(gt=0, le=1)
    lean: float = Share  # a falling minute takes this share more from bids, a rising one from asks
    noise: float = Field(ge=0)
    half_spread_cap_bps: float = Field(gt=0)
    ratio_series: str = ""  # a recorded book whose ask side says how depth thinned, instead of ``thinning``
    ratio_calm_until: datetime | None = None  # its calm median is taken from what lies before


class Accounts(_Part):
    """Distributions of the generated accounts; each figure's source is in the reference page."""

    deposits: float = Field(gt=0)  # settlement asset, all traders together, whatever their number
    deposit_least: float = Field(gt=0)
    deposit_sigma: float = Field(ge=0)  # of the logarithm
    deposit_share_cap: float = Field(gt=0, le=1)  # of all deposits, one account's
    first_pool_share: float = Share
    flat_share: float = Share
    mixed_share: tuple[float, ...]  # accounts with a part in the pool's second, third ... asset
    leverage_median: float = Field(gt=0)
    leverage_sigma: float = Field(ge=0)
    leverage_cap: float = Field(ge=1)
    margin_use_cap: float = Field(gt=0, lt=1)  # initial margin of the opening book over collateral, at most
    markets_shares: tuple[float, ...]  # accounts with one, two ... markets
    zipf_exponent: float = Field(ge=0)  # weight of the pool's n-th market is n^-exponent
    long_share: float = Share
    same_side_share: float = Share
    isolated_share: float = Share
    makers: int = Field(ge=1, le=64)  # market makers a pool
    maker_capital_ppm: int = Field(ge=1)  # all makers' deposits over the pool's open interest
    liquidators: int = Field(ge=0, le=64)  # independent ones a pool
    liquidator_deposit: float = Field(gt=0)
    checks_per_account: float = Field(ge=0)
    checks_most: int = Field(ge=0)
    reduce_share: float = Share
    top_up_share: float = Share
    withdrawal_share: float = Share


class FileFacts(_Part):
    """What building wrote of one topic."""

    lines: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Recording(_Part):
    """A whole recording.toml."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    title: str
    venue: str
    settlement: str
    start: datetime
    end: datetime
    seed: str
    market_source: str  # producer of trades and depth
    calm_range_bps: dict[str, float]  # of an asset: median high less low of a minute on ordinary days
    topics: dict[Literal["oracle-prices", "trades", "depth"], Origin]
    series: tuple[Series, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    markets: tuple[Market, ...] = Field(min_length=1)
    noise: Noise
    depth: Depth
    accounts: Accounts
    notice: str = ""
    files: dict[str, FileFacts] = {}

    @model_validator(mode="after")
    def _refers_to_what_is_there(self) -> Recording:
        known = {each.id for each in self.series}
        asked = [each.series for each in self.sources if each.series]
        asked += [name for each in self.markets for name in (each.series, each.trades) if name]
        asked += [self.depth.ratio_series] if self.depth.ratio_series else []
        for name in asked:
            if name not in known:
                raise ValueError(f"no series is called {name!r}; there are {', '.join(sorted(known))}")
        quoted = {asset for each in self.sources for asset in each.assets}
        for market in self.markets:
            if market.asset not in quoted:
                raise ValueError(f"{market.id}: no source quotes {market.asset}")
        for asset in sorted(quoted):
            if self.calm_range_bps.get(asset, 0) <= 0:
                raise ValueError(f"calm_range_bps has no range over 0 for {asset}")
        if self.start.tzinfo is None or self.end.tzinfo is None or self.start >= self.end:
            raise ValueError("start and end need a time zone, and start comes first")
        return self

    @property
    def start_s(self) -> int:
        """Start in whole seconds since 1970."""
        return int(self.start.timestamp())

    @property
    def end_s(self) -> int:
        """End, itself outside."""
        return int(self.end.timestamp())

    @property
    def assets(self) -> tuple[str, ...]:
        """Assets with quotes, in the order of the sources."""
        return tuple(dict.fromkeys(asset for each in self.sources for asset in each.assets))

    def a_series(self, name: str) -> Series:
        """Look a series up by its name; the file was checked to hold it."""
        return next(each for each in self.series if each.id == name)


def load(path: Path) -> Recording:
    """Read a recording.toml (or the folder that holds one); errors in one line."""
    path = path / MANIFEST if path.is_dir() else path
    try:
        return Recording.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"]) or "the file"
        raise RecordingError(f"{path}, {where}: {first['msg']}") from error


def specification(path: Path) -> str:
    """Text of a recording.toml without what building appended."""
    return path.read_text("utf-8").split(GENERATED)[0]


def facts_text(files: dict[str, FileFacts]) -> str:
    """Write the ``[files]`` table that building appends."""
    lines = [GENERATED + "---"]
    for topic, facts in files.items():
        lines += [f"[files.{topic}]", f"lines = {facts.lines}", f"bytes = {facts.bytes}"]
        lines += [f'sha256 = "{facts.sha256}"', ""]
    return "\n".join(lines)


def utc(time_ns: int) -> str:
    """A time as people read it."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M:%S")
