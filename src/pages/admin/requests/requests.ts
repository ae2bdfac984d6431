import type { RequestHandler } from 'express';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { sendCsv } from '../../../http/csvDownload.js';
import { accessIn } from '../../../http/guard.js';
import type { Translate } from '../../../language.js';
import { exportList } from '../../../requests/list/list.js';
import type { ListedRequest } from '../../../store/requestList.js';
import { flashFor } from './flash.js';
import { showList } from './listPage.js';
import { faultsOf, filterOf, readListQuery } from './listQuery.js';

/** GET /admin/requests */
export function showRequests(deps: Deps): RequestHandler {
  return async (req, res) => {
    await showList(deps, res, readListQuery(req.query), { flash: await flashFor(deps, req, res) });
  };
}

/** GET /admin/requests.csv */
export function exportRequests(deps: Deps): RequestHandler {
  return async (req, res) => {
    const query = readListQuery(req.query);
    if (faultsOf(query).length > 0) throw malformed(422);
    const filter = filterOf(query);
    const { t } = res.locals;
    const columns = columnsOf(t);
    const nameOf = (id: string | null) => deps.policy.current().policy.partner(id)?.name ?? null;
    async function* records() {
      for await (const request of exportList(deps, accessIn(res), filter)) {
        yield columns.map(({ value }) => value(request, nameOf));
      }
    }
    await sendCsv(
      res,
      'requests',
      columns.map(({ header }) => header),
      records(),
    );
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
    { header: t('requests.column.waitsFor'), value: ({ waitsFor }) => waitsFor.join(' ') || null },
    { header: t('requests.column.proof'), value: ({ proof }) => proof?.kind ?? null },
    { header: t('requests.column.provenAt'), value: ({ proof }) => proof?.at ?? null },
    { header: t('requests.column.provenBy'), value: ({ proof }) => proof?.by ?? null },
    { header: t('requests.column.address'), value: ({ address }) => address },
    { header: t('requests.column.firstName'), value: ({ first_name }) => first_name },
    { header: t('requests.column.lastName'), value: ({ last_name }) => last_name },
    { header: t('requests.column.company'), value: ({ company }) => company },
    { header: t('requests.column.partner'), value: ({ partner }, nameOf) => nameOf(partner) },
    { header: t('requests.column.partnerId'), value: ({ partner }) => partner },
    { header: t('requests.column.reason'), value: ({ reason }) => reason },
  ];
}
