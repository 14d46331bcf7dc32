import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';

function StartersIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M6 3h12v18l-6-4-6 4z" strokeLinejoin="round" />
    </svg>
  );
}

function StarterList({ starters }) {
  const { tabs, activeTabIndex, queryEditor, variableEditor, headerEditor } = useGraphiQL((state) => ({
    tabs: state.tabs,
    activeTabIndex: state.activeTabIndex,
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
    headerEditor: state.headerEditor,
  }));
  const { addTab, changeTab } = useGraphiQLActions();

  const open = ({ query, variables, headers }) => {
    // A starter that is open and unchanged is shown again rather than opened twice.
    const unchanged = tabs.findIndex(
      (tab) => tab.query === query && (tab.variables ?? '') === variables && (tab.headers ?? '') === headers,
    );
    if (unchanged >= 0) {
      if (unchanged !== activeTabIndex) changeTab(unchanged);
    } else {
      addTab();
      queryEditor?.setValue(query);
      variableEditor?.setValue(variables);
      headerEditor?.setValue(headers);
    }
    queryEditor?.focus();
  };

  return (
    <section className="hub-starters" aria-labelledby="hub-starters-title">
      <h2 id="hub-starters-title">
        Mẫu truy vấn <span lang="en">Starter queries</span>
      </h2>
      <p>
        Chọn một mẫu, chạy bằng <kbd>Ctrl-Enter</kbd>.
        <span lang="en">
          Choose one, run it by <kbd>Ctrl-Enter</kbd>.
        </span>
      </p>
      <ol>
        {starters.map((starter) => (
          <li key={starter.titleEn}>
            <button type="button" onClick={() => open(starter)}>
              {starter.titleVi}
              <span lang="en">{starter.titleEn}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Make the side-bar panel that lists `starters` and opens the chosen one in a tab of its own. */
export function startersPlugin(starters) {
  return {
    title: 'Mẫu truy vấn / Starter queries',
    icon: StartersIcon,
    content: () => <StarterList starters={starters} />,
  };
}
