import { testPolicy } from "./policy-conformance.ts";
import { wTinyLfuClimb } from "./w-tinylfu-climb.ts";
import { WTinyLfuModel } from "./w-tinylfu-model.ts";

testPolicy(wTinyLfuClimb, (setup) => new WTinyLfuModel(setup, true), {
  parameters: [{ window: 0.4, protected: 0.7 }],
});
