/** A person's full name; some people have only one. Chinese ones begin with that of the family, and have no space. */
export function fullName({ first_name, last_name }: { first_name: string; last_name: string }): string {
  if (HAN.test(first_name) && HAN.test(last_name)) return `${last_name}${first_name}`;
  return `${first_name} ${last_name}`.trim();
}

const HAN = /^\p{Script=Han}+$/u;
