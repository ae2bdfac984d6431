import { watchMenus } from './requests/menus.js';
import { watchSelection } from './requests/selection.js';
import { watchDialogs } from './requests/dialogs.js';
import { watchFolds } from './requests/folds.js';
import { watchKeys } from './requests/keys.js';

// The list of requests and a request: everything works without it.

watchSelection();
watchMenus();
watchDialogs();
watchFolds();
watchKeys();
