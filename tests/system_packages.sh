#!/bin/sh
# Debian packages that some tests need: a browser, Chinese fonts, LibreOffice and Gnumeric (schools save their files by
# them), pdftotext, nginx (the one of docs/deploy is attacked), file systems on which copies share their blocks.
# Installed where that is allowed; where it is not, the tests that need them are skipped and say so.
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
fc-list 2>/dev/null | grep -qi "noto.*cjk" || missing="$missing fonts-noto-cjk fontconfig"
command -v soffice >/dev/null 2>&1 || missing="$missing libreoffice-calc-nogui"
dpkg -s libreoffice-writer-nogui >/dev/null 2>&1 || missing="$missing libreoffice-writer-nogui"
command -v ssconvert >/dev/null 2>&1 || missing="$missing gnumeric"
case "$*" in *openjdk*) command -v java >/dev/null 2>&1 || missing="$missing openjdk-17-jre-headless" ;; esac
# only where it is asked for; the test has a server of its own, in a folder of its own
case "$*" in *postgresql*) [ -n "$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null)" ] || missing="$missing postgresql" ;; esac
# only where they are asked for: the tests have servers of their own, the machine's are not to run
case "$*" in *mail*)
    [ -x /usr/sbin/dovecot ] || missing="$missing dovecot-imapd"
    [ -x /usr/sbin/postfix ] || missing="$missing postfix"
    ;;
esac
case "$*" in *clamav*)
    command -v clamd >/dev/null 2>&1 || missing="$missing clamav-daemon"
    command -v clamscan >/dev/null 2>&1 || missing="$missing clamav"
    command -v clamdscan >/dev/null 2>&1 || missing="$missing clamdscan"
    ;;
esac
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
command -v mkfs.btrfs >/dev/null 2>&1 || missing="$missing btrfs-progs"
command -v mkfs.xfs >/dev/null 2>&1 || missing="$missing xfsprogs"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian packages (once):$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    if apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
        { apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1; }; then
        case "$missing" in *clamav*) systemctl disable --now clamav-daemon clamav-freshclam >/dev/null 2>&1 || true ;; esac
        case "$missing" in *postfix* | *dovecot*) systemctl disable --now postfix dovecot >/dev/null 2>&1 || true ;; esac
        exit 0
    fi
fi
echo "Not installed (needs root and apt):$missing. The tests that need them will be skipped."
