/**
 * So much of what a body begins with is asked for to tell what it is, and of most it is enough. Of large bodies it is read
 * along with their headers, so that it need not be waited for.
 */
export const headLength = 4100;
