// Node runs the compiled program's own TypeScript, with the types taken off.
import { report } from './app.ts';

const [url, personalId] = process.argv.slice(2);
console.log(JSON.stringify(await report(url, personalId)));
