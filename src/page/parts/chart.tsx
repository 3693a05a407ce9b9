/** Counts over time. Dragging over a part of it asks for that part alone. */
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { localTime } from './values.tsx';

export interface Line {
  readonly label: string;
  /** Of main.css: `good`, `bad` … */
  readonly tone: string;
  /** One for each time. */
  /** Lengths of strokes and gaps: lines are told apart by more than their colours. */
  readonly dash?: readonly number[];
  readonly values: readonly number[];
}

export interface ChartProps {
  readonly label: string;
  /** The word for time, in the legend. */
  readonly time: string;
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** Of the part that was dragged over, in milliseconds since 1970. */
  readonly onPart: (from: number, until: number) => void;
}

const HEIGHT = 220;
/** In pixels: less is a click. */
const LEAST_DRAG = 8;

export function Chart({ label, time, times, lines, onPart }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const told = useRef(onPart);
  told.current = onPart;

  useEffect(() => {
    const at = place.current;
    if (!at) return undefined;
    const color = (name: string): string => getComputedStyle(at).getPropertyValue(`--${name}`).trim();
    const paint = (tone: string): string => resolved(at, color(tone));
    const axis = {
      stroke: () => paint('faint'),
      grid: { stroke: () => paint('line') },
      ticks: { stroke: () => paint('line') },
    };
    const plot = new UPlot(
      {
        width: at.clientWidth,
        height: HEIGHT,
        cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
        legend: { live: true },
        scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most)] } },
        axes: [axis, axis],
        series: [
          { label: time, value: (_plot, at) => (at === null ? '' : localTime(new Date(at * 1000))) },
          ...lines.map(({ label: name, tone, dash }) => ({
            label: name,
            // Beside the line's name what it is where one points; nothing where one does not.
            value: (_plot: UPlot, count: number | null) => (count === null ? '' : String(count)),
            stroke: () => paint(tone),
            width: 2,
            ...(dash && { dash: [...dash] }),
          })),
        ],
        hooks: {
          setSelect: [
            (drawn) => {
              const { left, width } = drawn.select;
              if (width < LEAST_DRAG) return;
              const moment = (pixel: number): number => drawn.posToVal(pixel, 'x') * 1000;
              told.current(moment(left), moment(left + width));
            },
          ],
        },
      },
      [[...times], ...lines.map(({ values }) => [...values])],
      at,
    );
    const sized = new ResizeObserver(() => plot.setSize({ width: at.clientWidth, height: HEIGHT }));
    sized.observe(at);
    return () => {
      sized.disconnect();
      plot.destroy();
    };
  }, [time, times, lines]);

  return (
    <figure class="chart" aria-label={label}>
      <div ref={place} />
    </figure>
  );
}

/** A canvas does not know light-dark(): the browser works it out on an element. */
function resolved(at: HTMLElement, color: string): string {
  at.style.color = color;
  const found = getComputedStyle(at).color;
  at.style.color = '';
  return found;
}
