"""Certifying: a file of the quarantine becomes a submission, with the names of those who answer for it.

The file goes into the school's folder of the inbox and is received there, as if somebody had put it there by hand; then
the certificate is noted in the archive. Each step may be done twice, so one that was cut short is done again.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.utils import timezone

from orchestration.desk.for_whom import PageSubject
from orchestration.desk.installed import city_now, installed
from orchestration.desk.judge_uploads import outcome_of
from orchestration.desk.models import Account, Upload, UploadState
from orchestration.desk.upload_files import content_of, read_upload, refuse_closed
from sources.archive.archive import receipts_of
from sources.archive.certificates import Role, Signature, certificate_of, certify
from sources.archive.delivery import deliver
from sources.submission.file_names import workbook_file_name
from sources.system.access import prepare_home
from sources.system.faults import ToldError
from warehouse.release.documents.certificate_page import certificate_page, write_certificate_pdf


class NotToBeCertifiedError(ToldError):
    """A file that cannot be sent as it is; the message says why."""


def certify_upload(account: Account, upload: Upload, subject: PageSubject, names: Mapping[Role, str]) -> str:
    """Sends the file, notes its certificate, and returns its number; of one that is sent already, the one it has.

    Raises ClosedYearError, NotToBeCertifiedError for a file with errors, of another, or not judged yet;
    CertificateError, InboxGoneError and FullDiskError as the archive does.
    """
    if upload.certificate_number:
        return upload.certificate_number
    if not upload.can_be_certified:
        raise NotToBeCertifiedError("这份文件还不能报送：有错误，或者不是本单位这个年度的。请看检查结果")
    refuse_closed(subject)
    settings, respondent, year = installed(), subject.respondent, subject.report_year
    prepare_home(settings.home)
    name = workbook_file_name(respondent, year, subject.city.stated_code(respondent))
    sent = deliver(content_of(upload), respondent.code, name, settings.inbox, settings.archive, settings.today)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    signed = [Signature(role, each, account.username, now) for role, each in names.items()]
    made = certify(settings.archive, sent.submission_id, respondent.code, year, subject.city.code, signed)
    upload.certificate_number, upload.sent_at, upload.state = made.number, timezone.now(), UploadState.SENT
    upload.save()
    return made.number


def certificate_pdf(upload: Upload) -> bytes:
    """The certificate as a page, from what the archive keeps. Raises ToldError where the archive has lost it."""
    settings = installed()
    certificate = certificate_of(settings.archive, upload.sha256)
    if certificate is None:
        raise ToldError(f"存档里没有回执 {upload.certificate_number}：请告诉教育局，运行 nianbao doctor")
    received = receipts_of(settings.archive, upload.sha256)[-1]
    findings = outcome_of(upload).findings
    submission = read_upload(upload, city_now(), received.file_name)
    return write_certificate_pdf(certificate_page(certificate, received, submission, findings, city_now()))
