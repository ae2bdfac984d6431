/** The key of what a text names in the policy: by its key, its name or its id. */
export function keyIn(
  record: Record<string, { name: string; id?: string; servicePrincipalId?: string | undefined }>,
  text: string,
): string | undefined {
  const wanted = text.toLowerCase();
  const of = ([key, { name, id, servicePrincipalId }]: (typeof entries)[number]) =>
    [key, name, id, servicePrincipalId].some((one) => one?.toLowerCase() === wanted);
  const entries = Object.entries(record);
  return entries.find(of)?.[0];
}
