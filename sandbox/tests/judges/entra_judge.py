"""Asks for tokens as Microsoft's azure-identity does, and checks them with PyJWT against the published keys.

Usage: entra_judge.py SETTINGS, a JSON text with base, ca, tenant, client_id, secret, lapsed, certificate, stranger,
assertion and assertion_file.
Writes one line a case and at the end how many were wrong.
"""

import json
import os
import ssl
import sys

import jwt
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    WorkloadIdentityCredential,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from msal import ConfidentialClientApplication

SCOPE = "https://graph.microsoft.com/.default"

settings = json.loads(sys.argv[1])
# requests would rather believe what a machine has in there than what a session is told.
os.environ["REQUESTS_CA_BUNDLE"] = settings["ca"]
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
    return app_of(token)


def app_of(token):
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
case("lapsed secret", refused(secret(settings["lapsed"])), "AADSTS7000222")
case("another app", refused(secret(settings["secret"], client=settings["tenant_id"])), "AADSTS700016")
certificate = CertificateCredential(tenant, client_id, settings["certificate"], **options)
case("certificate", granted(certificate), client_id)
with open(settings["certificate"], "rb") as file:
    pem = file.read()
begun = pem.index(b"-----BEGIN CERTIFICATE")
key, public = pem[:begun].decode(), pem[begun:].decode()
given = CertificateCredential(tenant, client_id, certificate_data=pem, send_certificate_chain=True, **options)
case("certificate with its chain", granted(given), client_id)


def by_msal(proof):
    """The app of a token that MSAL gets, without azure-identity in front of it."""
    app = ConfidentialClientApplication(
        client_id,
        client_credential={"private_key": key, **proof},
        authority=f"{settings['base']}/{tenant}",
        instance_discovery=False,
        verify=settings["ca"],
    )
    answer = app.acquire_token_for_client([SCOPE])
    return app_of(answer["access_token"]) if "access_token" in answer else answer


# Alone, the certificate is named by its SHA-256; given a thumbprint, by that SHA-1.
case("certificate by SHA-256", by_msal({"public_certificate": public}), client_id)
sha1 = x509.load_pem_x509_certificate(public.encode()).fingerprint(hashes.SHA1()).hex()
case("certificate by SHA-1", by_msal({"thumbprint": sha1}), client_id)
wrong_one = by_msal({"thumbprint": "00" * 20})
case("wrong thumbprint", (wrong_one["error"], wrong_one["error_codes"]), ("invalid_client", [700027]))
stranger = CertificateCredential(tenant, client_id, settings["stranger"], **options)
case("unknown certificate", refused(stranger), "AADSTS700027")
federated = ClientAssertionCredential(tenant, client_id, lambda: settings["assertion"], **options)
case("federated token", granted(federated), client_id)
workload = WorkloadIdentityCredential(
    tenant_id=tenant, client_id=client_id, token_file_path=settings["assertion_file"], **options
)
case("workload identity", granted(workload), client_id)
broken = ClientAssertionCredential(tenant, client_id, lambda: settings["assertion"] + "x", **options)
case("changed federated token", refused(broken), "AADSTS50013")
nowhere = secret(settings["secret"], of="nothing.example")
case("unknown tenant", refused(nowhere).split(" for ")[0], "Authentication failed: Unable to get authority configuration")
print(f"{wrong} wrong")
