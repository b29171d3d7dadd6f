"""Certificates for the tests: an authority, and a server's that it signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Authority:
    """Who signs, and the file that those who trust it are given."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    file: Path


def authority(folder: Path, name: str) -> Authority:
    """Found one."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _unsigned(name, name, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    signed = certificate.sign(key, hashes.SHA256())
    file = folder / f"{name}.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return Authority(key, signed, file)


def server(folder: Path, by: Authority, names: tuple[str, ...] = ("localhost",)) -> Path:
    """Key and certificate of a server on this machine, and the authority's, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    also: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    also += [x509.IPAddress(IPv4Address("127.0.0.1"))] if "localhost" in names else []
    certificate = _unsigned(names[0], by.file.stem, key).add_extension(
        x509.SubjectAlternativeName(also), critical=False
    )
    signed = certificate.sign(by.key, hashes.SHA256())
    file = folder / f"{names[0]}-{by.file.stem}-server.pem"
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + signed.public_bytes(serialization.Encoding.PEM)
        + by.certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


def _unsigned(name: str, by: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    today = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]),
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=today - timedelta(days=1),
        not_valid_after=today + timedelta(days=7),
    )
