import { useEffect, useState } from 'react';

/** Who is signed in, and how to become someone else. `me` answers with the session; null while nobody is signed in. */
export function Identity({ me, signIn, signOut }) {
  const [person, setPerson] = useState(undefined);

  useEffect(() => {
    fetch(me, { headers: { accept: 'application/json' } })
      .then((response) => (response.ok ? response.json() : null))
      .then(setPerson, () => setPerson(null));
  }, [me]);

  if (person === undefined) return null;
  const leave = async () => {
    await fetch(signOut, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ csrf_token: person.csrfToken }),
    });
    location.assign(signIn);
  };
  return (
    <span className="hub-identity">
      {person ? (
        <>
          <strong>{person.displayName}</strong>
          <button type="button" onClick={leave}>
            Đổi người <span lang="en">Switch</span>
          </button>
        </>
      ) : (
        <a href={signIn}>
          Đăng nhập <span lang="en">Sign in</span>
        </a>
      )}
    </span>
  );
}
