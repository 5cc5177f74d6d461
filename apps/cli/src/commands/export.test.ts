import { expect, test } from 'vitest'
import type { Cli } from '../command.ts'
import { exportList } from './export.ts'

/** The command line with a server that has three people, two on a page. */
async function run(...args: string[]) {
  const asked: unknown[] = []
  let printed = ''
  const people = ['ana', 'ben', 'cyd'].map((account) => ({
    account,
    units: ['sales'],
    client: { family: 'gajim', tier: 'E1' },
    node: 'here',
  }))
  const cli = {
    admin: async (route: string, { query }: { query: { cursor?: string } }) => {
      asked.push({ route, ...query })
      return query.cursor === undefined ? { uses: people.slice(0, 2), next: 'n' } : { uses: people.slice(2) }
    },
    document: (text: string) => void (printed = text),
  }
  await exportList.run(args, cli as unknown as Cli)
  return { asked, lines: printed.split(/\r?\n/u) }
}

test('a whole list is exported, whatever its length, as a table with fixed columns', async () => {
  const { asked, lines } = await run('uses', '--csv', '--only', 'unit=sales', '--only', 'days=30')
  expect(asked).toEqual([
    { route: 'listClientUses', unit: 'sales', days: '30', cursor: undefined, limit: 500 },
    { route: 'listClientUses', unit: 'sales', days: '30', cursor: 'n', limit: 500 },
  ])
  expect(lines[0]).toMatch(/^account,units,client\.family,client\.version,client\.build/u)
  expect(lines.slice(1).map((line) => line.split(',', 3).join())).toEqual([
    'ana,sales,gajim',
    'ben,sales,gajim',
    'cyd,sales,gajim',
  ])
})

test('without --csv it is one JSON value per line', async () => {
  const { lines } = await run('uses')
  expect(lines.map((line) => (JSON.parse(line) as { account: string }).account)).toEqual(['ana', 'ben', 'cyd'])
})

test('a list or a filter that there is not is told before anybody is asked', async () => {
  await expect(run('everything')).rejects.toThrow('no list')
  await expect(run('uses', '--only', 'colour=red')).rejects.toThrow('colour')
  await expect(run('uses', '--only', 'tier')).rejects.toThrow('NAME=VALUE')
})
