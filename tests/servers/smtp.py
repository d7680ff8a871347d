"""An SMTP server for the tests, by aiosmtpd: it takes mail on loopback, keeps it in a folder,
and refuses what it was told to refuse. Usage: smtp.py SETTINGS, a JSON object:

    folder       where mail and the commands of clients are kept
    tls          "none", "starttls" (required) or "implicit"
    certificate  PEM file, unless "none"
    key          PEM file, unless "none"
    login        [user, password]: required; null: nobody is asked for one
    size         largest mail in bytes; null: none is announced
"""

import asyncio
import json
import logging
import ssl
import sys
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

# by the local part of an address
REFUSALS = {
    "unknown": "550 5.1.1 no such user here",
    "later": "451 4.7.1 greylisted, come back later",
    "full": "552 5.2.2 mailbox full",
    "stranger": "553 5.7.1 this login does not own that sender",
}


def refusal(address):
    return REFUSALS.get(address.partition("@")[0])


class Keeper:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        refused = refusal(address)
        if not refused:
            envelope.mail_from = address
        return refused or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        refused = refusal(address)
        if not refused:
            envelope.rcpt_tos.append(address)
        return refused or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        message = message_from_bytes(envelope.content, policy=policy.default)
        attachments = list(message.iter_attachments())
        for number, part in enumerate(attachments):
            content = part.get_payload(decode=True)
            (self.folder / f"attachment-{self.count}-{number}").write_bytes(content)
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None or self.is_encrypted(server),
            "login": session.auth_data,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "text": message.get_body(("plain",)).get_content(),
            "attachments": [[a.get_filename(), a.get_content_type()] for a in attachments],
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
        }
        (self.folder / f"mail-{self.count}.json").write_text(json.dumps(kept))
        return "250 2.0.0 kept"

    @staticmethod
    def is_encrypted(server):
        return server.transport.get_extra_info("ssl_object") is not None


def authenticator(login):
    def check(server, session, envelope, mechanism, data):
        given = [data.login.decode(), data.password.decode()]
        if given == login:
            return AuthResult(success=True, auth_data=given[0])
        # some servers are that careless
        message = f"535 5.7.8 {given[0]} cannot log in with {given[1]}"
        return AuthResult(success=False, handled=False, message=message)

    return check


def keep_commands(folder):
    log = logging.getLogger("mail.log")
    log.setLevel(logging.INFO)
    log.propagate = False
    keeper = logging.FileHandler(folder / "commands")
    keeper.addFilter(lambda record: " >> " in record.msg)
    log.addHandler(keeper)


async def serve(settings):
    folder = Path(settings["folder"])
    keep_commands(folder)
    context = None
    if settings["tls"] != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings["certificate"], settings["key"])
    is_starttls = settings["tls"] == "starttls"
    keeper = Keeper(folder)

    def session():
        return SMTP(
            keeper,
            hostname="mail.test",
            data_size_limit=settings["size"],
            tls_context=context if is_starttls else None,
            require_starttls=is_starttls,
            auth_required=settings["login"] is not None,
            auth_require_tls=is_starttls,
            authenticator=authenticator(settings["login"]),
            loop=asyncio.get_running_loop(),
        )

    around = context if settings["tls"] == "implicit" else None
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=around)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve(json.loads(sys.argv[1])))
