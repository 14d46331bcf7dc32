import { ToolbarButton, useGraphiQL } from '@graphiql/react';
import { useState } from 'react';
import { makeCurl, makeLink } from './sharing.js';

const SHOWN_MS = 6000;

function Icon({ path }) {
  return (
    <svg className="graphiql-toolbar-icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d={path} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

/** Two buttons of the toolbar: the request as curl, and a link to the query alone; and what came of it, read out. */
export function SharingTools({ endpoint }) {
  const editors = useGraphiQL((state) => ({
    query: state.queryEditor,
    variables: state.variableEditor,
    headers: state.headerEditor,
  }));
  const [said, setSaid] = useState('');
  const textOf = (name) => editors[name]?.getValue() ?? '';

  const copy = async (make, done) => {
    let words = done;
    try {
      await navigator.clipboard.writeText(make());
    } catch (error) {
      words = error.message;
    }
    setSaid(words);
    setTimeout(() => setSaid((now) => (now === words ? '' : now)), SHOWN_MS);
  };
  const asCurl = () =>
    makeCurl(
      { query: textOf('query'), variables: textOf('variables'), headers: textOf('headers') },
      new URL(endpoint, location.href).href,
    );
  const asLink = () => makeLink(textOf('query'), `${location.origin}${location.pathname}`);
  return (
    <>
      <ToolbarButton label="Chép lệnh curl / Copy as curl" onClick={() => copy(asCurl, 'Đã chép lệnh curl. / Copied as curl.')}>
        <Icon path="M5 7l5 5-5 5M12 17h7" />
      </ToolbarButton>
      <ToolbarButton
        label="Chép liên kết đến truy vấn / Copy a link to the query"
        onClick={() => copy(asLink, 'Đã chép liên kết, không kèm biến. / Link copied, without variables.')}
      >
        <Icon path="M10 14a4 4 0 006 0l3-3a4 4 0 00-6-6l-1 1M14 10a4 4 0 00-6 0l-3 3a4 4 0 006 6l1-1" />
      </ToolbarButton>
      <span className="hub-said" role="status">
        {said}
      </span>
    </>
  );
}
