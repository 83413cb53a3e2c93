import { testPolicy } from "./policy-conformance.ts";
import { wTinyLfu } from "./w-tinylfu.ts";
import { WTinyLfuModel } from "./w-tinylfu-model.ts";

testPolicy(wTinyLfu, (setup) => new WTinyLfuModel(setup, false), {
  parameters: [
    { window: 0.3, protected: 0.5 },
    { window: 1, protected: 1 },
    { window: 0, protected: 0 },
  ],
});
