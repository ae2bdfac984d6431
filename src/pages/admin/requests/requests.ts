import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { RequestHandler } from 'express';
import type { Deps } from '../../../deps.js';
import { accessIn } from '../../../http/guard.js';
import type { Translate } from '../../../language.js';
import { exportList } from '../../../requests/exportList.js';
import { listFor } from '../../../requests/list.js';
import type { ListedRequest } from '../../../store/requestList.js';
import { ageOf } from '../age.js';
import { filterOf, listAddress, NO_PARTNER, readListQuery, REQUEST_STATES } from './listQuery.js';

const LIST = '/admin/requests';

/** GET /admin/requests */
export function showRequests(deps: Deps): RequestHandler {
  return async (req, res) => {
    const query = readListQuery(req.query);
    const { sort, position } = query;
    const filter = filterOf(query);
    const listing = await listFor(deps, accessIn(res), filter, sort, position);
    res.render('admin/requests', {
      query,
      states: REQUEST_STATES,
      noPartner: NO_PARTNER,
      filtered: Object.keys(filter).length > 0,
      ...listing,
      age: (moment: Date) => ageOf(moment, res.locals.language as string),
      addressOf: (changes: object) => listAddress(LIST, query, changes),
      csvAddress: listAddress('/admin/requests.csv', query),
    });
  };
}

/** GET /admin/requests.csv: RFC 4180, with the byte order mark by which spreadsheets know UTF-8. */
export function exportRequests(deps: Deps): RequestHandler {
  return async (req, res) => {
    const filter = filterOf(readListQuery(req.query));
    const t = res.locals.t as Translate;
    const columns = columnsOf(t);
    const nameOf = (id: string | null) => id && (deps.policy.current().policy.partner(id)?.name ?? null);
    const csv = stringify({
      header: true,
      columns: columns.map(({ header }, index) => ({ key: String(index), header })),
      bom: true,
      record_delimiter: 'windows',
      // Otherwise a line feed inside a cell would be left as it is.
      quote_record_delimiter: true,
      // A cell that begins like a formula gets an apostrophe before it: partners' people wrote what is in it.
      escape_formulas: true,
    });
    async function* records() {
      for await (const request of exportList(deps, accessIn(res), filter)) {
        yield columns.map(({ value }) => value(request, nameOf));
      }
    }
    res.attachment(`requests-${new Date().toISOString().slice(0, 10)}.csv`);
    res.type('text/csv');
    await pipeline(Readable.from(records()), csv, res);
  };
}

type Column = {
  header: string;
  value: (request: ListedRequest, nameOf: (partner: string | null) => string | null) => string | null;
};

function columnsOf(t: Translate): Column[] {
  return [
    { header: t('requests.column.id'), value: ({ id }) => id },
    { header: t('requests.column.received'), value: ({ created_at }) => created_at.toISOString() },
    { header: t('requests.column.changed'), value: ({ updated_at }) => updated_at.toISOString() },
    { header: t('requests.column.state'), value: ({ state }) => t(`state.${state}`) },
    { header: t('requests.column.problem'), value: ({ problem }) => problem },
    { header: t('requests.column.address'), value: ({ address }) => address },
    { header: t('requests.column.firstName'), value: ({ first_name }) => first_name },
    { header: t('requests.column.lastName'), value: ({ last_name }) => last_name },
    { header: t('requests.column.company'), value: ({ company }) => company },
    { header: t('requests.column.partner'), value: ({ partner }, nameOf) => nameOf(partner) },
    { header: t('requests.column.partnerId'), value: ({ partner }) => partner },
    { header: t('requests.column.reason'), value: ({ reason }) => reason },
  ];
}
