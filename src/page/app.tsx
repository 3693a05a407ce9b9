/** The frame around every screen: who is signed in, where one can go, language and colours. */
import { useEffect } from 'preact/hooks';
import { BASE, followLinks, hrefOf, usePlace } from './location.ts';
import { ProblemSaid } from './parts/problem.tsx';
import { Failed, Loading } from './parts/states.tsx';
import { SCREENS, type Screen, screenOf } from './screens/screens.ts';
import { SignIn } from './screens/sign-in.tsx';
import { SessionOf, useSessionState } from './session.tsx';
import { useKept } from './use-kept.ts';
import { LANGUAGES, type Language, preferredLanguage, Speech, sayIn } from './words/words.ts';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

export function App() {
  const place = usePlace();
  const state = useSessionState();
  const [language, setLanguage] = useKept<Language>('language', preferredLanguage());
  const [theme, setTheme] = useKept<Theme>('theme', 'auto');
  const say = sayIn(language);
  const { session, problem } = state;
  const screen = screenOf(place.path);

  useEffect(() => {
    document.addEventListener('click', followLinks);
    return () => document.removeEventListener('click', followLinks);
  }, []);
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;
    document.documentElement.dataset['theme'] = theme;
  }, [language, theme]);
  useEffect(() => {
    document.title = `${say(screen.word)} – ${say('title')}`;
  });

  return (
    <Speech.Provider value={{ language, say }}>
      <SessionOf.Provider value={state}>
        <a class="skip" href="#content">
          {say('skip')}
        </a>
        <header>
          <a class="name" href={BASE}>
            {say('title')}
          </a>
          {session?.user && <Nav current={screen} />}
          <div class="settings">
            <label>
              <span class="hidden">{say('language')}</span>
              <select
                value={language}
                onChange={(event) => setLanguage(event.currentTarget.value as Language)}
              >
                {Object.entries(LANGUAGES).map(([code, name]) => (
                  <option key={code} value={code}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <label>
              <span class="hidden">{say('theme')}</span>
              <select value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
                {THEMES.map((one) => (
                  <option key={one} value={one}>
                    {say(`theme.${one}`)}
                  </option>
                ))}
              </select>
            </label>
            {session?.user && (
              <button type="button" onClick={() => void state.signOut()}>
                {say('signIn.out')}
                <span class="hidden"> ({say('signIn.as', { user: session.user.name })})</span>
              </button>
            )}
          </div>
        </header>
        {session?.user && problem && (
          <div class="failed" role="alert">
            <p>{say('signIn.stays')}</p>
            <ProblemSaid problem={problem} />
          </div>
        )}
        {session === undefined ? (
          <main id="content">
            {problem === undefined ? <Loading /> : <Failed problem={problem} again={state.look} />}
          </main>
        ) : session.user ? (
          <screen.View place={place} />
        ) : (
          <SignIn />
        )}
      </SessionOf.Provider>
    </Speech.Provider>
  );

  function Nav({ current }: { readonly current: Screen }) {
    return (
      <nav aria-label={say('title')}>
        <ul>
          {SCREENS.filter(({ inMenu }) => inMenu).map(({ path, word }) => (
            <li key={path}>
              <a href={hrefOf(path)} aria-current={current.path === path ? 'page' : undefined}>
                {say(word)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    );
  }
}
