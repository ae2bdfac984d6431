/** An instruction of a Dockerfile: its name in capitals, its flags, and what follows them. */
export type Instruction = { name: string; flags: string[]; words: string };

/** The stages of a Dockerfile, each a list of instructions that begins with its FROM. No heredocs, no escapes but at a line's end. */
export function stagesOf(dockerfile: string): Instruction[][] {
  const lines = dockerfile
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, name = '', flags = '', words = ''] = /^(\w+)((?:\s+--\S+)*)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, flags: flags.trim().split(/\s+/).filter(Boolean), words: words.trim() });
  }
  return stages;
}

/** The program of an instruction in exec form. @throws SyntaxError for the shell form, which is no JSON */
export function programOf({ words }: Instruction): string[] {
  return JSON.parse(words.slice(words.indexOf('['))) as string[];
}

/** The variables that a stage sets for the process. */
export function environmentOf(stage: Instruction[]): Record<string, string> {
  const pairs = stage.filter(({ name }) => name === 'ENV').flatMap(({ words }) => words.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
}

/** What each COPY of a stage takes from where, and where it puts it. `from` is null for the folder of the project. */
export function copiesOf(stage: Instruction[]): { from: string | null; sources: string[]; target: string }[] {
  return stage
    .filter(({ name }) => name === 'COPY')
    .map(({ flags, words }) => {
      const paths = words.split(/\s+/);
      const from = flags.find((flag) => flag.startsWith('--from='))?.slice('--from='.length) ?? null;
      return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    });
}
