/** What is said, by whatever tells of a run, when a person has asked to stop. */
export const stoppingText = 'Finishing the book in hand … press Ctrl-C again to leave at once';
