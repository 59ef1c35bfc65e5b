import { connect } from "../../src/web/index.ts";
import { keepOffline } from "./offline.ts";
import { playground } from "./playground.ts";

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
playground(connect(worker));
void keepOffline();
