"""Asks for tokens as Microsoft's azure-identity does, and checks them with PyJWT against the published keys.

Usage: entra_judge.py SETTINGS, a JSON text with base, ca, tenant, client_id, secret, certificate, stranger and assertion.
Writes one line a case and at the end how many were wrong.
"""

import json
import ssl
import sys

import jwt
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential, ClientSecretCredential

SCOPE = "https://graph.microsoft.com/.default"

settings = json.loads(sys.argv[1])
tenant, client_id = settings["tenant"], settings["client_id"]
options = {
    "authority": settings["base"],
    "disable_instance_discovery": True,
    "connection_verify": settings["ca"],
}
wrong = 0


def case(name, done, wanted):
    """Writes whether that is what was wanted."""
    global wrong
    right = done == wanted
    wrong += not right
    print(f"{'right' if right else 'WRONG'} {name}: {done}")


def granted(credential):
    """What the token says of its app, after PyJWT found its signature, audience, issuer and time right."""
    try:
        token = credential.get_token(SCOPE).token
    except ClientAuthenticationError as error:
        return str(error)
    trust = ssl.create_default_context(cafile=settings["ca"])
    keys = jwt.PyJWKClient(f"{settings['base']}/{tenant}/discovery/v2.0/keys", ssl_context=trust)
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["RS256"],
        audience="https://graph.microsoft.com",
        issuer=f"https://sts.windows.net/{settings['tenant_id']}/",
        options={"require": ["exp", "iat", "nbf", "aud", "iss"]},
    )
    return claims["appid"]


def refused(credential):
    """The AADSTS number, as azure-identity tells it."""
    try:
        credential.get_token(SCOPE)
    except ClientAuthenticationError as error:
        text = str(error)
        start = text.find("AADSTS")
        return text[start:].split(":")[0] if start >= 0 else text
    return "granted"


def secret(value, of=tenant, client=client_id):
    return ClientSecretCredential(of, client, value, **options)


case("secret", granted(secret(settings["secret"])), client_id)
case("wrong secret", refused(secret("wrong")), "AADSTS7000215")
case("another app", refused(secret(settings["secret"], client=settings["tenant_id"])), "AADSTS700016")
certificate = CertificateCredential(tenant, client_id, settings["certificate"], **options)
case("certificate", granted(certificate), client_id)
stranger = CertificateCredential(tenant, client_id, settings["stranger"], **options)
case("unknown certificate", refused(stranger), "AADSTS700027")
federated = ClientAssertionCredential(tenant, client_id, lambda: settings["assertion"], **options)
case("federated token", granted(federated), client_id)
broken = ClientAssertionCredential(tenant, client_id, lambda: settings["assertion"] + "x", **options)
case("changed federated token", refused(broken), "AADSTS50013")
print(f"{wrong} wrong")
