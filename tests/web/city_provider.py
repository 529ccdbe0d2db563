"""A city's own sign-in for tests: an OpenID provider in a process of its own, which can be told to lie.

`python city_provider.py SECRET` listens on a free port of this machine and prints it. Must not know any part of the product.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

CLIENT = "bansou"


class CityProvider:
    """The running process, and who it takes whoever comes for."""

    def __init__(self, secret: str) -> None:
        self._process = subprocess.Popen([sys.executable, __file__, secret], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.issuer = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"

    def takes_everybody_for(self, subject: str, **how: Any) -> None:
        """`how`: claims that are told otherwise (None: left out), `alg`, `kid` or `forged` of the signature, `new_key` (its id, from now on),
        `without` (of the answer)."""
        body = json.dumps({"subject": subject, **how}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.issuer}/behave", body, {"Content-Type": "application/json"})).close()

    def asked(self) -> dict[str, str]:
        """What the last visitor brought along; `answered` once their code was taken."""
        with urllib.request.urlopen(f"{self.issuer}/asked") as answer:
            found: dict[str, str] = json.load(answer)
        return found

    def stops(self) -> None:
        self._process.terminate()
        self._process.wait()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def serve(secret: str) -> None:
    from flask import Flask, jsonify, redirect, request
    from joserfc import jwt
    from joserfc.jwk import RSAKey
    from werkzeug.serving import make_server

    app = Flask(__name__)
    key, other_key = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("good", "good"))
    now: dict[str, Any] = {"behaviour": {"subject": ""}, "asked": {}}
    codes: dict[str, dict[str, str]] = {}

    def issuer() -> str:
        return request.host_url.rstrip("/")

    @app.post("/behave")
    def behave() -> str:
        nonlocal key
        now["behaviour"] = request.get_json()
        if kid := now["behaviour"].pop("new_key", None):
            key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})
            now["behaviour"]["kid"] = kid
        return ""

    @app.get("/asked")
    def asked() -> Any:
        return jsonify(now["asked"])

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Any:
        return jsonify(
            issuer=issuer(), authorization_endpoint=f"{issuer()}/authorize", token_endpoint=f"{issuer()}/token", jwks_uri=f"{issuer()}/keys",
            end_session_endpoint=f"{issuer()}/end", response_types_supported=["code"], subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["RS256", "HS256", "none"], code_challenge_methods_supported=["S256"],
        )

    @app.get("/keys")
    def keys() -> Any:
        return jsonify(keys=[key.as_dict(private=False)])

    @app.get("/authorize")
    def authorize() -> Any:
        now["asked"] = request.args.to_dict()
        code = secrets.token_urlsafe(16)
        codes[code] = request.args.to_dict()
        back = {"code": code, "state": request.args["state"]}
        if error := now["behaviour"].get("error"):
            back = {"error": error, "state": request.args["state"]}
        return redirect(f"{request.args['redirect_uri']}?{urlencode(back)}")

    @app.post("/token")
    def token() -> Any:
        behaviour, form = now["behaviour"], request.form
        asked = codes.pop(form["code"], None)
        proof = _encoded(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        known = request.authorization and (request.authorization.username, request.authorization.password) == (CLIENT, secret)
        if not known or asked is None or asked.get("code_challenge") != proof or asked["redirect_uri"] != form["redirect_uri"]:
            return jsonify(error="invalid_grant"), 400
        moment = int(time.time())
        claims = {
            "iss": issuer(), "sub": behaviour["subject"], "aud": CLIENT, "nonce": asked["nonce"], "iat": moment, "exp": moment + 300,
            **{name: value for name, value in behaviour.items() if name not in ("subject", "alg", "kid", "forged", "without")},
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        alg = behaviour.get("alg", "RS256")
        header = {"alg": alg, "kid": behaviour.get("kid", "good")}
        if alg == "RS256":
            signed = jwt.encode(header, claims, other_key if behaviour.get("forged") else key)
        else:  # by hand: no library does this
            body = ".".join(_encoded(json.dumps(each).encode()) for each in (header, claims))
            tag = hmac.digest(key.as_pem(private=False), body.encode(), "sha256") if alg == "HS256" else b""
            signed = f"{body}.{_encoded(tag)}"
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300, "id_token": signed}
        now["asked"]["answered"] = "yes"
        return jsonify({name: value for name, value in answer.items() if name != behaviour.get("without")})

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    serve(sys.argv[1])
