"""Seals, digests and tokens: the only place that touches a secret."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import TokenExpiredError, TokenRefusedError
from engine.settings import Settings, SettingsError

_SIGNATURE = "HS256"
# What is sealed begins with the way it was; a Fernet token begins otherwise.
_SEALED = b"\x01"
_NONCE_BYTES = 12  # random; with one key, safe for some billions of codes
# The header that PyJWT writes, and with it this engine: such a token is read without the library's many questions.
_USUAL_HEADER = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
# A page makes several calls with one token, and its signature is checked once; some 600 bytes each.
TOKENS_KEPT = 20_000
_Subject = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*\Z")]  # PostgreSQL knows no NUL


class WrongSealKeyError(SettingsError):
    """The installation's key does not open what its database holds."""

    def __init__(self) -> None:
        super().__init__(
            "MAKEGOOD_SEAL_KEY does not open what this database holds; put the key it was sealed with back"
        )


class ShopperToken(msgspec.Struct, frozen=True):
    """Who the browser speaks for, and about which stockout."""

    shopper_id: str
    stockout_id: UUID
    expires_at: datetime


class _UsualClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sub: _Subject
    sto: UUID
    exp: int


_usual_claims = msgspec.json.Decoder(_UsualClaims).decode


class Vault:
    """What can be done with the installation's secrets, without holding them in reach of anything else."""

    def __init__(self, settings: Settings) -> None:
        self._seals = [AESGCM(_cipher_key(key)) for key in settings.seal_keys]
        self._fernet = MultiFernet([Fernet(key) for key in settings.seal_keys])
        self._token_secrets = settings.token_secrets
        self._read_before: dict[str, ShopperToken] = {}
        self._peppers = [pepper.encode() for pepper in settings.peppers]
        self.epoch_secrets: dict[tuple[date, str], bytes] = {}  # opened once a process; a few hundred a year

    def seal(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _SEALED + nonce + self._seals[0].encrypt(nonce, plain, None)

    def open(self, sealed: bytes) -> bytes:
        """Open what was sealed; raise `WrongSealKeyError` where none of the keys did it."""
        if not sealed.startswith(_SEALED):
            return self._open_former(sealed)
        nonce, closed = sealed[len(_SEALED) :][:_NONCE_BYTES], sealed[len(_SEALED) + _NONCE_BYTES :]
        for seal in self._seals:
            try:
                return seal.decrypt(nonce, closed, None)
            except (InvalidTag, ValueError):
                continue
        raise WrongSealKeyError

    def _open_former(self, sealed: bytes) -> bytes:
        """Open what was sealed as a Fernet token, as all was at first."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise WrongSealKeyError from None

    def sealed_anew(self, sealed: bytes) -> bytes:
        """Return the same, sealed with the first key; what is so already comes back as it was."""
        if sealed.startswith(_SEALED):
            nonce, closed = sealed[len(_SEALED) :][:_NONCE_BYTES], sealed[len(_SEALED) + _NONCE_BYTES :]
            with suppress(InvalidTag, ValueError):
                self._seals[0].decrypt(nonce, closed, None)
                return sealed
        return self.seal(self.open(sealed))

    def digest(self, purpose: str, value: str | bytes) -> bytes:
        """Return a keyed digest: equal values are found again, and a stolen table tells nothing."""
        return _keyed(self._peppers[0], purpose, value)

    def digests(self, purpose: str, value: str | bytes) -> list[bytes]:
        """Return the digest by every pepper in use: what was kept by an older one is found too."""
        return [_keyed(pepper, purpose, value) for pepper in self._peppers]

    def is_digest(self, kept: bytes, purpose: str, value: str | bytes) -> bool:
        """Whether `kept` is the digest of `value`, in a time that tells nothing of either."""
        return any(hmac.compare_digest(kept, digest) for digest in self.digests(purpose, value))

    def sign_token(self, shopper_id: str, stockout_id: UUID, expires_at: datetime) -> str:
        claims = _UsualClaims(shopper_id, stockout_id, int(expires_at.timestamp()))
        payload = urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")
        signed = f"{_USUAL_HEADER}.{payload}"
        return f"{signed}.{_signature(self._token_secrets[0], signed)}"

    def read_token(self, token: str, *, now: datetime) -> ShopperToken:
        """Check signature, form and end; raise `TokenRefusedError` or `TokenExpiredError`."""
        if (usual := self._read_before.get(token) or self._usual(token)) is not None:
            if usual.expires_at <= now:
                raise TokenExpiredError
            return usual
        claims = self._claims(token)
        try:
            str(claims["sub"]).encode()  # half of a character is no text
            read = ShopperToken(
                msgspec.convert(claims["sub"], _Subject),
                msgspec.convert(claims["sto"], UUID),
                _instant(claims["exp"]),
            )
        except (msgspec.ValidationError, KeyError, OverflowError, ValueError, OSError):
            raise TokenRefusedError("the token lacks a sound `sub`, `sto` or `exp`") from None
        if read.expires_at <= now:
            raise TokenExpiredError
        return read

    def _usual(self, token: str) -> ShopperToken | None:
        """Return what a token of the usual form says; every other one, and every doubt, is the library's."""
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        if header != _USUAL_HEADER or not token.isascii():
            return None
        for secret in self._token_secrets:
            if hmac.compare_digest(_signature(secret, signed), signature):
                try:
                    claims = _usual_claims(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
                    read = ShopperToken(claims.sub, claims.sto, datetime.fromtimestamp(claims.exp, tz=UTC))
                except (msgspec.MsgspecError, ValueError, OverflowError, OSError):
                    return None
                return self._keep(token, read)
        return None

    def _keep(self, token: str, read: ShopperToken) -> ShopperToken:
        """Remember what a token said whose signature was right; the longest known is forgotten first."""
        self._read_before[token] = read
        if len(self._read_before) > TOKENS_KEPT:
            del self._read_before[next(iter(self._read_before))]
        return read

    def _claims(self, token: str) -> dict[str, object]:
        import jwt  # brings every cipher there is, and the usual token needs none of them

        # The end is checked against the caller's `now`, so that one clock rules.
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": ["sub", "sto", "exp"]}
        for secret in self._token_secrets:
            try:
                return jwt.decode(token, secret, algorithms=[_SIGNATURE], options=options)
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError:
                raise TokenRefusedError("the token cannot be read") from None
        raise TokenRefusedError("the token is not signed with this engine's secret")


def _signature(secret: str, signed: str) -> str:
    """Return the HS256 signature of a token's first two parts."""
    return urlsafe_b64encode(hmac.digest(secret.encode(), signed.encode(), "sha256")).decode().rstrip("=")


def _keyed(pepper: bytes, purpose: str, value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return hmac.digest(pepper, purpose.encode() + b"\0" + data, "sha256")


def _cipher_key(fernet_key: str) -> bytes:
    """Derive a key of its own from the installation's, so that one key never serves two ciphers."""
    return hmac.digest(urlsafe_b64decode(fernet_key), b"makegood seal aes-256-gcm", "sha256")


def new_api_key() -> str:
    """Make a merchant's key: 32 random bytes (ASVS 11.5.1 wants 128 bits at least)."""
    return f"mk_{secrets.token_urlsafe(32)}"


def api_key_digest(key: str) -> bytes:
    """Digest a key for look-up; it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).digest()


def _instant(seconds: object) -> datetime:
    # RFC 7519 allows a fraction, and JavaScript's clock gives one.
    return datetime.fromtimestamp(msgspec.convert(seconds, float), tz=UTC)
