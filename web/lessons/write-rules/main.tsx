import { Lines } from "../../lesson/lines.tsx";
import { Soon } from "../../lesson/soon.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { timeText } from "../../model/time-text.ts";
import { OwnFigures, WriteFigures } from "../../own/figures.tsx";
import { policyLook } from "../../what-if/policy-looks.ts";
import { LotsTable } from "./lots-table.tsx";
import { PlugStage } from "./plug-stage.tsx";
import { outcomesOf, PLAYGROUND, PLUG_MS, PLUGS_MS, WRITE_RULES, WRITES, writeRulesLog } from "./run.ts";
import { ANSWERS, plugSays, titleOf } from "./words.ts";

/** Told apart as policies are. */
const LOOKS = ["2q", "lru", "s3-fifo"];
const MOST_LOST = 20;
/** Places of the slider that are nearest to a full second. */
const SECONDS = [8, 18, 28];

const logs = WRITE_RULES.map((rule) => writeRulesLog({ ...WRITES, rule }));

startLesson({
  stage: <PlugStage logs={logs} outcomes={outcomesOf(PLUG_MS)} />,
  change: (
    <Soon of={PLUGS_MS} make={outcomesOf}>
      {(moments) => (
        <Lines
          lines={WRITE_RULES.map((rule, i) => ({
            title: titleOf(rule),
            look: policyLook(LOOKS[i]!),
            values: moments.map((outcomes) => outcomes[i]!.facts.lost),
          }))}
          label="Confirmed bids that are lost, over the moment at which the plug is pulled"
          setting={(place) => `the plug is pulled after ${timeText(PLUGS_MS[place])}`}
          first={PLUGS_MS.indexOf(PLUG_MS)}
          ticks={SECONDS.map((place) => ({ place, text: timeText(PLUGS_MS[place]) }))}
          most={MOST_LOST}
          rules={[0, 5, 10, 15, 20]}
          says={(place) => plugSays(moments[place]!)}
        >
          {(place) => (
            <div class="plugs">
              {moments[place]!.map(({ settings, lots }) => (
                <LotsTable key={settings.rule} title={titleOf(settings.rule)} lots={lots} isOn={false} />
              ))}
            </div>
          )}
        </Lines>
      )}
    </Soon>
  ),
  answers: ANSWERS,
  own: (
    <OwnFigures>
      <WriteFigures />
    </OwnFigures>
  ),
  playground: PLAYGROUND,
});
