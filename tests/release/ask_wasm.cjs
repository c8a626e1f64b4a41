// Asks a published file in DuckDB-Wasm, without a browser: node ask_wasm.cjs FILE SQL. The file is attached as `nianbao`.
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const duckdb = require("@duckdb/duckdb-wasm/blocking");

const built = dirname(require.resolve("@duckdb/duckdb-wasm"));
const bundle = (name) => ({ mainModule: join(built, `duckdb-${name}.wasm`), mainWorker: "" });

async function ask(file, sql) {
  const modules = { mvp: bundle("mvp"), eh: bundle("eh") };
  const database = await duckdb.createDuckDB(modules, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
  await database.instantiate(() => {});
  database.registerFileBuffer("nianbao.duckdb", new Uint8Array(readFileSync(file)));
  const connection = database.connect();
  connection.query("attach 'nianbao.duckdb' as nianbao (read_only)");
  connection.query("use nianbao");
  return JSON.stringify(connection.query(sql).toArray());
}

ask(...process.argv.slice(2)).then(console.log, (error) => {
  console.error(error);
  process.exit(1);
});
