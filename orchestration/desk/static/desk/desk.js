// The desk works without this file. With it all rows of a list are ticked at once, a workbook can be dropped, its way up
// is shown, and where the line breaks it goes on from there.
"use strict";
document.querySelectorAll("input[data-ticks]").forEach((all) => {
  const boxes = all.closest("table").querySelectorAll("input[name=" + all.dataset.ticks + "]");
  all.hidden = false;
  all.addEventListener("change", () => boxes.forEach((each) => { each.checked = all.checked; }));
});
(function () {
  const form = document.querySelector("form[data-drop]");
  if (!form || !window.fetch) return;
  const PART = 256 * 1024, WAITS = [1, 2, 4, 8, 15, 30];
  const input = form.querySelector("input[type=file]"), drop = form.querySelector(".drop");
  const bar = form.querySelector("progress"), said = form.querySelector("[role=status]");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value, most = Number(form.dataset.most);
  let transfer = null;

  function id() {
    const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)), (each) => each.toString(16).padStart(2, "0"));
    return bytes.join("");
  }

  function show(offset) {
    const size = transfer.file.size;
    bar.hidden = false; bar.max = size; bar.value = offset; transfer.offset = offset;
    said.textContent = "已上传 " + Math.round((100 * offset) / size) + "%";
  }

  // One part; true when there is another. What the desk has is what it says it has.
  async function part() {
    const { file, offset } = transfer;
    const answer = await fetch(form.dataset.drop, {
      method: "POST", body: file.slice(offset, offset + PART), headers: {
        "Content-Type": "application/octet-stream", "X-CSRFToken": token, "Upload-Id": transfer.id,
        "Upload-Offset": offset, "Upload-Length": file.size, "Upload-Name": encodeURIComponent(file.name),
      },
    });
    if (answer.status === 201) { transfer = null; window.location.assign(answer.headers.get("Location")); return false; }
    if (answer.status === 204) { show(Number(answer.headers.get("Upload-Offset"))); return true; }
    if (answer.status >= 500) throw new Error(answer.status);
    transfer = null;
    const told = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[role=alert]");
    said.textContent = told ? told.textContent : "没有上传成功。请刷新这一页，再上传一次。";
    return false;
  }

  async function send() {
    const file = input.files[0];
    if (!file) { said.textContent = "请先选文件，再上传。"; return; }
    if (file.size > most) { said.textContent = "文件太大，超过 " + Math.round(most / 1e6) + " MB，没有上传。"; return; }
    if (file.size === 0) { said.textContent = "这个文件是空的，里面什么也没有；请检查后再传。"; return; }
    if (transfer && transfer.busy) return;
    if (!transfer || transfer.file !== file) transfer = { id: id(), file: file, offset: 0 };
    transfer.busy = true;
    said.textContent = "正在上传……";
    for (let broken = 0; ;) {
      try {
        if (!(await part())) return;
        broken = 0;
      } catch (error) {
        if (broken === WAITS.length) break;
        said.textContent = "网络断了，" + WAITS[broken] + " 秒后接着传……";
        await new Promise((go) => setTimeout(go, 1000 * WAITS[broken++]));
      }
    }
    transfer.busy = false;
    said.textContent = "网络断了，文件还没有传完。网络好了再按一次“上传检查”，从断开的地方接着传。";
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  ["dragover", "dragleave", "drop"].forEach((name) => drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files.length) { input.files = event.dataTransfer.files; send(); }
  }));
})();
