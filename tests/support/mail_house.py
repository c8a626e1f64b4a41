"""Real mail servers for tests: Postfix takes and delivers, Dovecot shows the mailboxes, each a child process on a high
port of the loopback with a folder of its own; nothing of the machine's own mail is read or changed.

Mail to `@bounces.example` is taken and comes back as Postfix writes bounces; of others only that
to the addresses that were given is taken.
"""

import contextlib
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from imaplib import IMAP4_SSL
from pathlib import Path
from tempfile import mkdtemp

PASSWORD = 'QzS-8f!k_2"x'
PROGRAMS = ("/usr/sbin/postfix", "/usr/sbin/dovecot")
MAILS = 20_000
"""The user whose the mailboxes are: nobody's."""


def why_not() -> str:
    """Why the servers cannot be had here; empty when they can."""
    missing = [Path(each).name for each in PROGRAMS if not Path(each).exists()]
    if missing:
        return f"not installed (tests/system_packages.sh mail): {' '.join(missing)}"
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    return ""


@dataclass(frozen=True)
class MailHouse:
    """The two servers. `smtps` and `smtp` (STARTTLS) want a login, `open_smtp` is where other people's servers bring
    mail; `ca_file` is what one has to trust."""

    folder: Path
    smtps: int
    smtp: int
    open_smtp: int
    imaps: int
    ca_file: Path

    def bring(self, sender: str, to: str, mail: bytes) -> None:
        """Another server brings a mail; `sender` is that of the envelope, empty for a bounce."""
        with smtplib.SMTP("127.0.0.1", self.open_smtp, timeout=30) as smtp:
            smtp.ehlo()
            assert smtp.mail(sender)[0] == 250
            code, said = smtp.rcpt(to)
            assert code == 250, said
            code, said = smtp.data(mail)
            assert code == 250, said

    def mails_of(self, address: str) -> list[bytes]:
        """Every mail in a mailbox, in the order in which it came."""
        with IMAP4_SSL("127.0.0.1", self.imaps, ssl_context=self.trust()) as imap:
            imap.login(address, PASSWORD)
            imap.select("INBOX", readonly=True)
            found = imap.uid("search", None, "ALL")[1][0].split()
            return [imap.uid("fetch", uid, "(BODY.PEEK[])")[1][0][1] for uid in found]

    def wait_for(self, address: str, count: int, seconds: float = 60) -> list[bytes]:
        """The mails of a mailbox once there are so many; a guard against a hang, no measure."""
        until = time.monotonic() + seconds
        while len(found := self.mails_of(address)) < count:
            if time.monotonic() > until:
                log = (self.folder / "maillog").read_text()[-3000:]
                raise AssertionError(f"{address}: {len(found)} of {count} mails\n{log}")
            time.sleep(0.2)
        return found

    def settled(self, seconds: float = 60) -> None:
        """Waits until Postfix has delivered everything."""
        until = time.monotonic() + seconds
        queues = [self.folder / "spool" / name for name in ("maildrop", "incoming", "active", "deferred")]
        while any(path.is_file() for queue in queues for path in queue.rglob("*")):
            assert time.monotonic() < until, "mail waits in the queue"
            time.sleep(0.1)

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca_file))

    def new_numbers(self, address: str) -> None:
        """Gives a mailbox another UIDVALIDITY, as after a move to another server."""
        for each in self._maildir(address).glob("dovecot*"):
            each.unlink()
        time.sleep(1.1)  # the new one is the second in which it is made

    def _maildir(self, address: str) -> Path:
        return self.folder / "mails" / address.lower()


@contextmanager
def mail_house(*addresses: str) -> Iterator[MailHouse]:
    """Starts both servers with a mailbox for each address, and ends them, with everything that they have started."""
    folder = Path(mkdtemp(prefix="nianbao-mail-", dir="/tmp"))  # a short path: sockets have room for a hundred letters
    folder.chmod(0o755)
    house = MailHouse(folder, *(_free_port() for _ in range(4)), folder / "cert.pem")
    _certificate(folder)
    (folder / "mails").mkdir()
    os.chown(folder / "mails", MAILS, MAILS)
    processes = [subprocess.Popen(_dovecot(house), start_new_session=True, stderr=subprocess.DEVNULL)]
    try:
        processes.append(
            subprocess.Popen(
                _postfix(house, addresses),
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        for port in (house.smtps, house.smtp, house.open_smtp, house.imaps):
            _wait_for_port(port, folder)
        yield house
    finally:
        _end_postfix(folder)
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _end_postfix(folder: Path) -> None:
    """Its master has a session of its own; it takes its children with it."""
    note = folder / "spool" / "pid" / "master.pid"
    with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
        master = int(note.read_text())
        os.kill(master, signal.SIGTERM)
        until = time.monotonic() + 10
        while Path(f"/proc/{master}").exists() and time.monotonic() < until:
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _wait_for_port(port: int, folder: Path) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                logs = "\n".join(each.read_text()[-2000:] for each in folder.glob("*log") if each.is_file())
                raise AssertionError(f"no server on {port}\n{logs}") from None
            time.sleep(0.1)


def _certificate(folder: Path) -> None:
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
        f" -keyout {folder}/key.pem -out {folder}/cert.pem".split(),
        check=True,
        capture_output=True,
    )


def _dovecot(house: MailHouse) -> list[str]:
    folder = house.folder
    (folder / "dovecot.conf").write_text(
        f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecotlog
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mails/%u
first_valid_uid = {MAILS}
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
auth_mechanisms = plain login
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={MAILS} gid={MAILS} home={folder}/mails/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {house.imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
""",
        encoding="utf-8",
    )
    return ["/usr/sbin/dovecot", "-F", "-c", str(folder / "dovecot.conf")]


def _postfix(house: MailHouse, addresses: tuple[str, ...]) -> list[str]:
    folder = house.folder
    config = folder / "postfix"
    config.mkdir()
    (folder / "spool").mkdir()
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "postfix")
    far = _free_port()
    (config / "transport").write_text(
        f"full@bounces.example smtp:[127.0.0.1]:{far}\nbounces.example smtp:[127.0.0.1]:{far}\n", encoding="utf-8"
    )
    (config / "far").write_text(
        "full@bounces.example 552 5.2.2 Mailbox full\nbounces.example 550 5.1.1 User unknown in local table\n",
        encoding="utf-8",
    )
    (config / "main.cf").write_text(
        f"""
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.city.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {", ".join(sorted({each.partition("@")[2] for each in addresses}))}
virtual_mailbox_base = {folder}/mails
virtual_mailbox_maps = texthash:{config}/boxes
virtual_uid_maps = static:{MAILS}
virtual_gid_maps = static:{MAILS}
virtual_minimum_uid = 1000
transport_maps = texthash:{config}/transport
relay_domains = bounces.example
message_size_limit = 60000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_peername_lookup = no
smtpd_client_connection_rate_limit = 0
disable_dns_lookups = yes
queue_run_delay = 5s
minimal_backoff_time = 5s
""",
        encoding="utf-8",
    )
    (config / "boxes").write_text("".join(f"{each.lower()} {each.lower()}/\n" for each in addresses))
    login = "-o smtpd_sasl_auth_enable=yes -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject"
    (config / "master.cf").write_text(
        f"""
127.0.0.1:{house.smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes {login}
127.0.0.1:{house.smtp} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt {login}
127.0.0.1:{house.open_smtp} inet n - n - - smtpd
127.0.0.1:{far} inet n - n - - smtpd
  -o myhostname=far.example -o smtpd_recipient_restrictions=check_recipient_access,texthash:{config}/far,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""",
        encoding="utf-8",
    )
    return ["/usr/sbin/postfix", "-c", str(config), "start-fg"]
