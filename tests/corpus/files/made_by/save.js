// node save.js PROGRAM OUT FILE…: workbooks opened and saved again by SheetJS, ExcelJS or xlsx-populate.
const path = require("path");
const [program, out, ...files] = process.argv.slice(2);
const save = {
  sheetjs: async (file, to) => {
    const XLSX = require("xlsx");
    XLSX.writeFile(XLSX.readFile(file, { cellStyles: true, cellNF: true }), to, { compression: true });
  },
  exceljs: async (file, to) => {
    const workbook = new (require("exceljs")).Workbook();
    await workbook.xlsx.readFile(file);
    await workbook.xlsx.writeFile(to);
  },
  populate: async (file, to) => (await require("xlsx-populate").fromFileAsync(file)).toFileAsync(to),
}[program];
(async () => { for (const file of files) await save(file, path.join(out, path.basename(file))); })();
