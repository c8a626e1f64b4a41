// The desk works without this file. With it a workbook can be dropped, and its way up is shown.
"use strict";
(function () {
  const form = document.querySelector("form[data-drop]");
  if (!form || !window.FormData) return;
  const input = form.querySelector("input[type=file]"), drop = form.querySelector(".drop");
  const bar = form.querySelector("progress"), said = form.querySelector("[role=status]");
  const most = Number(form.dataset.most);

  function send() {
    const file = input.files[0];
    if (!file) return;
    if (file.size > most) { said.textContent = "文件太大，超过 " + Math.round(most / 1e6) + " MB，没有上传。"; return; }
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (event) => {
      bar.hidden = false; bar.max = event.total; bar.value = event.loaded;
      said.textContent = "已上传 " + Math.round((100 * event.loaded) / event.total) + "%";
    });
    request.addEventListener("load", () => {
      if (request.status < 400) window.location.assign(request.responseURL);
      else said.textContent = request.responseText.slice(0, 200) || "没有上传成功，请再试一次。";
    });
    request.addEventListener("error", () => { said.textContent = "网络断了，文件没有收到。请再按一次“上传检查”。"; });
    said.textContent = "正在上传……";
    request.send(new FormData(form));
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  ["dragover", "dragleave", "drop"].forEach((name) => drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files.length) { input.files = event.dataTransfer.files; send(); }
  }));
})();
