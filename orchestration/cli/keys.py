"""Commands for the bureau's signature: new-key, sign, change-key. The key lies on a stick, not in the installation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import AsJson, Panel, app, console, fail, installation, print_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KeyFile = Annotated[Path, typer.Option("--key", help="私钥文件", exists=True, dir_okay=False, readable=True)]


@app.command("new-key", rich_help_panel=Panel.REPORT)
def new_key(
    file: Annotated[
        Path, typer.Argument(help="私钥写到哪里：U 盘或另一台电脑上，不要在安装的文件夹里", dir_okay=False)
    ],
    as_json: AsJson = False,
) -> None:
    """做一把给发布版本签名的钥匙：私钥写成文件，公钥显示出来，写入 publication.yml。"""
    from warehouse.release.evidence.signing import make_key

    settings, city = installation()
    if any(file.resolve().is_relative_to(each.resolve()) for each in (settings.home, settings.city_dir)):
        fail(f"{file} 在安装的文件夹里，会随备份和共享传出去；私钥请写到 U 盘或另一台电脑上。")
    if not file.resolve().parent.is_dir():
        fail(f"没有 {file.resolve().parent} 这个文件夹。")
    phrase = typer.prompt(
        "口令（直接回车就没有口令）", default="", hide_input=True, confirmation_prompt=True, show_default=False
    )
    line = make_key(file, phrase)
    if as_json:
        print_json({"path": file, "signing_key": line})
        return
    console.print(f"私钥：{file}（只有本人可读）。请另存一份，分开保管；丢了不能重做，泄露了要换。", soft_wrap=True)
    console.print(f"公钥写入{city.name}的 publication.yml，并在别处告知读者（网站、公文）：", soft_wrap=True)
    console.print(f"signing_key: {line}", soft_wrap=True, markup=False, highlight=False)


@app.command(rich_help_panel=Panel.REPORT)
def sign(
    version: Annotated[str, typer.Argument(help="版本，例如 2023.1")], key: KeyFile, as_json: AsJson = False
) -> None:
    """用教育局的私钥给一个发布版本的清单签名；签名写在清单旁边，版本里的文件都不动。"""
    from warehouse.intake.released import MANIFEST, SIGNATURE, VERSION, releases_folder
    from warehouse.release.evidence.signing import sign as sign_manifest
    from warehouse.release.manifest import read_manifest
    from warehouse.release.verify import damaged_files, unnamed_files

    settings, _ = installation()
    folder = releases_folder(settings) / version
    if not VERSION.fullmatch(version) or not (folder / MANIFEST).exists():
        fail(f"没有 {version} 这一版：{folder}")
    manifest = read_manifest(folder)
    if spoilt := [*damaged_files(folder, manifest), *unnamed_files(folder, manifest)]:
        fail(f"{version} 的文件与清单不符，没有签名：{'、'.join(spoilt[:5])}。请先运行 nianbao doctor。")
    signature = folder / SIGNATURE
    sign_manifest(_opened(key), folder / MANIFEST, signature, manifest.published_as.signing_key)
    if as_json:
        print_json({"path": signature})
    else:
        console.print(f"已签名：{signature}", soft_wrap=True)


@app.command("change-key", rich_help_panel=Panel.REPORT)
def change_key(
    old: Annotated[Path, typer.Option(help="旧私钥文件", exists=True, dir_okay=False, readable=True)],
    new: Annotated[Path, typer.Option(help="新私钥文件", exists=True, dir_okay=False, readable=True)],
    as_json: AsJson = False,
) -> None:
    """换钥：旧钥匙签名指认新钥匙，给出写入 publication.yml 的几行；旧版本仍用旧公钥核对。"""
    from warehouse.release.evidence.signing import hand_over, public_line

    before, after = _opened(old), _opened(new)
    former, line = public_line(before), public_line(after)
    signed = hand_over(before, line)
    if as_json:
        print_json({"signing_key": line, "former_keys": [{"key": former, "signed": signed}]})
        return
    console.print("publication.yml 里改成（以前已有的 former_keys 留在前面）：")
    for text in (f"signing_key: {line}", "former_keys:", f"  - key: {former}", f"    signed: {signed}"):
        console.print(text, soft_wrap=True, markup=False, highlight=False)


def _opened(file: Path) -> "Ed25519PrivateKey":
    from warehouse.release.evidence.signing import is_locked, read_key

    return read_key(file, typer.prompt(f"{file.name} 的口令", hide_input=True) if is_locked(file) else "")
