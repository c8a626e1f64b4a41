// java -cp JARS Poi.java write OUT books.json: Apache POI, whole and streamed; … save OUT FILE…: opened and saved again.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.Map;
import org.apache.poi.ss.usermodel.Cell;
import org.apache.poi.ss.usermodel.CellStyle;
import org.apache.poi.ss.usermodel.FormulaError;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.ss.util.CellRangeAddress;
import org.apache.poi.xssf.streaming.SXSSFWorkbook;
import org.apache.poi.xssf.usermodel.XSSFWorkbook;

public class Poi {
    public static void main(String[] args) throws Exception {
        if (args[0].equals("save")) {
            for (int n = 2; n < args.length; n++)
                try (Workbook workbook = new XSSFWorkbook(Files.newInputStream(Path.of(args[n])))) {
                    save(workbook, new File(args[1], new File(args[n]).getName()));
                }
            return;
        }
        JsonNode books = new ObjectMapper().readTree(new File(args[2]));
        for (int n = 0; n < books.size(); n++) {
            write(new XSSFWorkbook(), books.get(n), new File(args[1], "poi-" + n + ".xlsx"));
            write(new SXSSFWorkbook(2), books.get(n), new File(args[1], "poi_streamed-" + n + ".xlsx"));
        }
    }

    static void write(Workbook workbook, JsonNode book, File file) throws Exception {
        Map<String, CellStyle> styles = new HashMap<>();
        for (JsonNode sheet : book) {
            Sheet made = workbook.createSheet(sheet.get("title").asText());
            Row row = null;
            for (JsonNode cell : sheet.get("cells")) {
                if (row == null || row.getRowNum() != cell.get("r").asInt()) row = made.createRow(cell.get("r").asInt());
                fill(row.createCell(cell.get("c").asInt()), cell, workbook, styles);
            }
            for (JsonNode merged : sheet.get("merged")) made.addMergedRegion(CellRangeAddress.valueOf(merged.asText()));
        }
        save(workbook, file);
    }

    static void fill(Cell cell, JsonNode told, Workbook workbook, Map<String, CellStyle> styles) {
        String kind = told.get("k").asText();
        JsonNode value = told.get("v");
        switch (kind) {
            case "s": cell.setCellValue(value.asText()); break;
            case "b": cell.setCellValue(value.asBoolean()); break;
            case "e": cell.setCellErrorValue(FormulaError.forString(value.asText()).getCode()); break;
            case "d": cell.setCellValue(LocalDate.parse(value.asText())); break;
            case "t": cell.setCellValue(LocalDateTime.parse(value.asText())); break;
            case "f":
                cell.setCellFormula(value.asText());
                JsonNode result = told.get("result");
                if (result.isBoolean()) cell.setCellValue(result.asBoolean());
                else if (result.isTextual()) cell.setCellValue(result.asText());
                else cell.setCellValue(result.asDouble());
                break;
            default: cell.setCellValue(value.asDouble());
        }
        String own = kind.equals("d") ? "yyyy-mm-dd" : kind.equals("t") ? "yyyy-mm-dd hh:mm" : "";
        String code = told.has("code") ? told.get("code").asText() : own;
        if (!code.isEmpty()) cell.setCellStyle(styles.computeIfAbsent(code, each -> {
            CellStyle style = workbook.createCellStyle();
            style.setDataFormat(workbook.createDataFormat().getFormat(each));
            return style;
        }));
    }

    static void save(Workbook workbook, File file) throws Exception {
        try (OutputStream out = Files.newOutputStream(file.toPath())) {
            workbook.write(out);
        }
    }
}
