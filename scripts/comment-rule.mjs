/**
 * An eslint rule for comments, which are read alone, such as by hovering over a name. One that begins with "Of" or "The same"
 * needs its neighbour to be understood, and one that does not name a role says less than it could.
 */
export const comments = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      fragment: 'Begin the comment with what it describes: it is read without its neighbours.',
      whoever: 'Name who it is: operator, client, member, player, anyone.',
    },
  },
  create(context) {
    return {
      Program() {
        let previous;
        for (const comment of context.sourceCode.getAllComments()) {
          const isContinued =
            comment.type === 'Line' && comment.loc.start.line === (previous?.loc.end.line ?? 0) + 1;
          if (!isContinued && /^[\s*]*(Of|The same)\b/.test(comment.value)) {
            context.report({ loc: comment.loc, messageId: 'fragment' });
          }
          if (/\bwhoever\b/i.test(comment.value)) context.report({ loc: comment.loc, messageId: 'whoever' });
          previous = comment;
        }
      },
    };
  },
};
