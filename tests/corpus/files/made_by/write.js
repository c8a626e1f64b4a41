// node write.js OUT books.json: SheetJS (with and without dates as cells), ExcelJS, xlsx-populate.
const fs = require("fs"), path = require("path");
const XLSX = require("xlsx"), ExcelJS = require("exceljs"), Populate = require("xlsx-populate");
const books = JSON.parse(fs.readFileSync(process.argv[3])), out = process.argv[2];
const day = "yyyy-mm-dd", moment = "yyyy-mm-dd hh:mm";
const serial = text => (Date.parse(text.length > 10 ? text + "Z" : text + "T00:00:00Z") - Date.UTC(1899, 11, 30)) / 86400000;
const codes = { "#DIV/0!": 7, "#N/A": 42 };

function sheetjs(book, dates) {
  const workbook = XLSX.utils.book_new();
  for (const sheet of book) {
    const made = {};
    for (const { r, c, k, v, result, code } of sheet.cells) {
      const cell = { n: () => ({ t: "n", v }), s: () => ({ t: "s", v }), b: () => ({ t: "b", v }),
        p: () => ({ t: "n", v, z: code }), e: () => ({ t: "e", v: codes[v], w: v }),
        d: () => dates ? { t: "d", v: new Date(v + "T00:00:00Z"), z: day } : { t: "n", v: serial(v), z: day },
        t: () => ({ t: "n", v: serial(v), z: moment }),
        f: () => ({ t: { number: "n", string: "s", boolean: "b" }[typeof result], v: result, f: v }) }[k]();
      made[XLSX.utils.encode_cell({ r, c })] = cell;
    }
    made["!ref"] = "A1:J12";
    made["!merges"] = sheet.merged.map(XLSX.utils.decode_range);
    XLSX.utils.book_append_sheet(workbook, made, sheet.title);
  }
  return XLSX.write(workbook, { type: "buffer", bookType: "xlsx", cellDates: dates, bookSST: !dates, compression: true });
}

async function exceljs(book) {
  const workbook = new ExcelJS.Workbook();
  for (const sheet of book) {
    const made = workbook.addWorksheet(sheet.title);
    for (const { r, c, k, v, result, code } of sheet.cells) {
      const cell = made.getCell(r + 1, c + 1);
      cell.value = { f: () => ({ formula: v, result }), e: () => ({ error: v }), d: () => new Date(v + "T00:00:00Z"),
        t: () => new Date(v + "Z") }[k]?.() ?? v;
      if (k === "d") cell.numFmt = day;
      if (k === "t") cell.numFmt = moment;
      if (k === "p") cell.numFmt = code;
    }
    sheet.merged.forEach(range => made.mergeCells(range));
  }
  return workbook.xlsx.writeBuffer();
}

async function populate(book) {
  const workbook = await Populate.fromBlankAsync();
  book.forEach((sheet, n) => {
    const made = n ? workbook.addSheet(sheet.title) : workbook.sheet(0).name(sheet.title);
    for (const { r, c, k, v, result, code } of sheet.cells) {
      const cell = made.cell(r + 1, c + 1);
      cell.value(k === "d" || k === "t" ? serial(v) : k === "f" ? result : k === "e" ? Populate.FormulaError.getError?.(v) ?? v : v);
      if (k === "d") cell.style("numberFormat", day);
      if (k === "t") cell.style("numberFormat", moment);
      if (k === "p") cell.style("numberFormat", code);
    }
    sheet.merged.forEach(range => made.range(range).merged(true));
  });
  return workbook.outputAsync();
}

(async () => {
  for (const [n, book] of books.entries()) {
    fs.writeFileSync(path.join(out, `sheetjs-${n}.xlsx`), sheetjs(book, false));
    fs.writeFileSync(path.join(out, `sheetjs_dates-${n}.xlsx`), sheetjs(book, true));
    fs.writeFileSync(path.join(out, `exceljs-${n}.xlsx`), Buffer.from(await exceljs(book)));
    fs.writeFileSync(path.join(out, `populate-${n}.xlsx`), await populate(book));
  }
})();
