const rules = new Map<string, Intl.PluralRules>()

/** The form that `locale` uses for `count` things; `other` where a form is missing. */
export function plural(
  locale: string,
  count: number,
  forms: { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>,
): string {
  let rule = rules.get(locale)
  if (!rule) rules.set(locale, (rule = new Intl.PluralRules(locale)))
  return forms[rule.select(count)] ?? forms.other
}
