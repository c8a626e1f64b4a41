#!/bin/sh
# Installs nianbao from this archive without a network: sh install.sh [--to FOLDER] [--python PYTHON] [--postgres]
# Every file is checked against SHA256SUMS, every package against the hash in its lock.
set -eu

stop() {
    echo "$*" >&2
    exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
to=$PWD/nianbao
python=
postgres=
while [ $# -gt 0 ]; do
    case $1 in
    --to | --python)
        [ $# -ge 2 ] || stop "$1 后面要写值。"
        [ "$1" = --to ] && to=$2 || python=$2
        shift
        ;;
    --postgres) postgres=yes ;;
    *) stop "用法：sh install.sh [--to 文件夹] [--python Python程序] [--postgres]" ;;
    esac
    shift
done

echo "核对文件 …"
(cd "$here" && sha256sum --check --quiet --strict SHA256SUMS) >&2 ||
    stop "安装包不完整或被改动过（见上面列出的文件）。什么也没有安装；请重新拷贝安装包。"

machine=$(uname -m)
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || echo unknown)
case $libc in
"glibc 2."*) [ "${libc#glibc 2.}" -ge 28 ] || stop "本机是 $libc，安装包需要 glibc 2.28 或更新（银河麒麟 V10、统信 UOS 20、openEuler 20.03 起）。" ;;
*) stop "本机的 C 库是 $libc，安装包需要 glibc 2.28 或更新。" ;;
esac

kind=
for each in ${python:-python3 python3.14 python3.13 python3.12 python3.11}; do
    found=$("$each" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if [ -f "$here/locks/py$found-$machine-run.lock" ]; then
        python=$each
        kind=py$found-$machine
        break
    fi
done
[ -n "$kind" ] || stop "没有找到合适的 Python。安装包适用于：$(cd "$here/locks" && ls | sed -n 's/-run\.lock$//p' | tr '\n' ' ')；本机是 $machine。可以用 --python 指定程序。"

if [ -e "$to" ] && [ -n "$(ls -A "$to")" ]; then
    stop "$to 不是空文件夹。新版本装到新的文件夹里，数据（NIANBAO_HOME）不用动；见 docs/deploy.md。"
fi
mkdir -p "$to"
to=$(CDPATH='' cd -- "$to" && pwd)
tools=$to/.venv/tools
trap 'rm -rf "$tools"' EXIT

echo "安装到 $to（$kind）…"
tar -xf "$here/app.tar" -C "$to"
"$python" -m venv --without-pip "$to/.venv"
# pip runs out of its own wheel, and is not installed; nor does it look at anybody's settings.
export PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONDONTWRITEBYTECODE
install() {
    PYTHONPATH=$(echo "$here"/wheels/pip-*.whl):$tools "$to/.venv/bin/python" -m pip --isolated --quiet install \
        --no-index --find-links "$here/wheels" --only-binary :all: --no-deps --no-build-isolation --no-compile --no-warn-script-location "$@"
}
install --require-hashes -r "$here/locks/$kind-run.lock"
[ -z "$postgres" ] || install --require-hashes -r "$here/locks/$kind-postgres.lock"
install --require-hashes -r "$here/locks/$kind-build.lock" --target "$tools"
(cd "$to" && install --editable .)
"$to/.venv/bin/nianbao" prepare

echo "已安装。试运行样例（两年，一两分钟）："
echo "    cd $to"
echo "    .venv/bin/nianbao sample --year 2022 --year 2023"
echo "    .venv/bin/nianbao run --year 2022 --year 2023"
echo "正式部署见 $to/docs/deploy.md。"
