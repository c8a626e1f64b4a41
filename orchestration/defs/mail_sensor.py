"""A sensor reads the mailbox: files come into the inbox, whose sensor starts the run, and mails are answered."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.lib.installation import Installation
from sources.declarations.city import City
from sources.declarations.mailing import load_mailing
from sources.system.faults import ToldError
from sources.system.settings import Settings

MAIL_INTERVAL_SECONDS = 120
AT_A_LOOK = 20
"""Mails taken at one look, which Dagster ends after a minute or so; the next look goes on."""


def build_mail_sensor() -> dg.Definitions:
    """The sensor on the mailbox; a city without one is told so and nothing else happens."""
    return dg.Definitions(
        sensors=[
            dg.sensor(
                minimum_interval_seconds=MAIL_INTERVAL_SECONDS,
                default_status=dg.DefaultSensorStatus.RUNNING,
                description="收信：把来信附件里的工作簿放进收件夹，自动答复校验结果；到了时间发每日汇总（mail.yml）。",
            )(mailbox)
        ]
    )


def mailbox(installation: dg.ResourceParam[Installation]) -> dg.SkipReason:
    return dg.SkipReason(look_for_mail(installation.settings, installation.city))


def look_for_mail(settings: Settings, city: City) -> str:
    """Takes and answers the mails that have come, and sends the day's digest when its hour has come; returns what was
    done, in Chinese. What goes wrong is told there."""
    try:
        mailing = load_mailing(settings.city_dir)
        if mailing is None or mailing.incoming is None:
            taken = "没有声明收信的邮箱（mail.yml）。"
        else:
            taken = _taken(settings, city)
        return taken + (_digest_sent(settings, city) if mailing else "")
    except (ToldError, ValueError) as error:
        return str(error)


def _digest_sent(settings: Settings, city: City) -> str:
    from orchestration.lib.digest_rounds import digest_round, is_digest_due  # a run needs none of it

    if not is_digest_due(settings, city, datetime.now(UTC)):
        return ""
    delivery = digest_round(settings, city)
    if delivery is None:
        return ""
    return "每日汇总发出了。" if delivery.state == "sent" else f"每日汇总没有发出：{delivery.reason}"


def _taken(settings: Settings, city: City) -> str:
    from orchestration.lib.mail_rounds import take_round  # a run needs none of it

    found = take_round(settings, city, AT_A_LOOK)
    troubles = (*found.taken.failed, found.taken.stopped, *found.answered.failed, found.answered.stopped)
    told = "；".join(each for each in troubles if each)
    done = f"收了 {len(found.taken.mails)} 封信，自动答复 {found.answered.sent} 封。"
    return f"{done}{told}" if told or found.taken.mails or found.answered.sent else "没有新的来信。"
