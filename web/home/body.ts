import { docListText } from "../docs/list-body.ts";
import { lessonListText } from "../lesson/list-body.ts";
import { headText } from "../lesson/page-text.ts";
import { LESSONS } from "../lessons/course.ts";
import { FIRST, GlassRun } from "./glass.ts";
import { glassText } from "./glass-text.ts";

/** The text of the site's first page. */
export default async function homeBody(): Promise<string> {
  const run = await GlassRun.open();
  return `${headText()}
<main class="home">
<h1>The <span class="whole">read-through</span> cache you can see through</h1>
<p class="lead">Glasscache is a key-value server and a caching proxy, for that server or for a Redis or Valkey you already run, and it shows what a cache does and why.</p>
<figure>
<div id="picture">${glassText(run.at(FIRST))}</div>
<figcaption class="prose">A request for a key that is cached is a <b class="hit">| hit</b>: it ends at the glass. Any other is a <b class="miss"># miss</b>: it goes on to the store, and the answer is kept. When all places are taken, the entry on the right leaves. Requests are made up, the cache is the proxy’s own. <a class="within" id="in-playground" href="page:learn">The same in the playground</a>, beside another rule.</figcaption>
</figure>
<div class="ways">
<section>
<h2>See a cache live</h2>
<p class="prose">The demo runs a server, the proxy in front of it, and load that changes. Its dashboard shows what hits save, what happened to each key, and what another size or rule would give.</p>
<pre tabindex="0"><code>npm install &amp;&amp; npm start</code></pre>
<p class="prose"><a class="within" href="page:doc-dashboard">What the dashboard shows</a></p>
</section>
<section>
<h2>Learn how caches work</h2>
<p class="prose">The ${LESSONS.length} lessons are for people who have never heard of caches. Each takes about five minutes: it asks you for a guess, runs, and says what happened and why.</p>
<p class="prose"><a class="within" href="page:lesson-${LESSONS[0].name}">Lesson 1: ${LESSONS[0].title}</a></p>
<p class="prose"><a class="within" href="page:learn">The playground</a>: any requests, any rule, any size</p>
</section>
<section>
<h2>Choose one for your traffic</h2>
<p class="prose">Record what your programs ask for, replay it through other sizes and rules, and read a table. It takes five minutes, and changes nothing in your system.</p>
<p class="prose"><a class="within" href="page:doc-choosing">Choosing a policy and a size</a></p>
<p class="prose"><a class="within" href="page:lesson-own-traffic">Lesson ${LESSONS.length}: the same, step by step</a></p>
</section>
</div>
<section id="lessons">
<h2>The lessons, in order</h2>
${lessonListText()}
</section>
<section id="docs">
<h2>Documents</h2>
${docListText()}
</section>
<section id="start">
<h2>Install and start</h2>
<p class="prose">Node 20 or newer with npm is all it takes. The runtime, Bun, comes with <code>npm install</code>. In a checkout:</p>
<pre tabindex="0"><code>npm install &amp;&amp; npm start    # the demo: a server, a proxy, its dashboard, a guided tour and live load
npm test                    # all tests</code></pre>
<p class="prose">In front of a Redis that you have:</p>
<pre tabindex="0"><code>bin/glasscache proxy --origin redis://localhost:6379 --memory 256mb
redis-cli -p 8080 GET some:key    # asks Redis, and keeps the answer
redis-cli -p 8080 GET some:key    # answered by the proxy</code></pre>
<p class="prose">Then <code>http://localhost:8081</code> is its dashboard. These pages come along, too: <code>bin/glasscache learn</code> serves lessons, playground and documents without anything else running.</p>
</section>
</main>
`;
}
