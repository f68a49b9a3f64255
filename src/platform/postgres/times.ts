const TIME = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?\+00( BC)?$/;

/** The first day and the last year of PostgreSQL's times; years count as astronomers do, with a year 0. */
const FIRST_DAY = { year: -4713, month: 11, day: 24 };
const LAST_YEAR = 294_276;

/** Whether a text is a point in time as PostgreSQL writes it by ISO in UTC, and one that there is. */
export function isTime(text: string): boolean {
  const match = TIME.exec(text);
  if (match === null) return false;
  const [written = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const year = match[7] === undefined ? written : 1 - written;
  return (
    written >= 1 && isInRange(year, month, day) && isDay(year, month, day) && hour < 24 && minute < 60 && second < 60
  );
}

/** A point in time, in milliseconds, as PostgreSQL writes it; null where its calendar does not reach. */
export function timeText(milliseconds: number): string | null {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return null;
  const year = date.getUTCFullYear();
  const iso = date.toISOString();
  const [monthAndDay = '', time = ''] = iso.slice(iso.indexOf('-', 1), -1).split('T');
  const text = `${String(year > 0 ? year : 1 - year).padStart(4, '0')}${monthAndDay} ${time}+00${year > 0 ? '' : ' BC'}`;
  return isTime(text) ? text : null;
}

function isInRange(year: number, month: number, day: number): boolean {
  const { year: firstYear, month: firstMonth, day: firstDay } = FIRST_DAY;
  if (year === firstYear) return month > firstMonth || (month === firstMonth && day >= firstDay);
  return year > firstYear && year <= LAST_YEAR;
}

/** By the same place in the calendar's cycle of 400 years: Date does not reach as far as PostgreSQL does. */
function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(2000 + (year % 400), month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
