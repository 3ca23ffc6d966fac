using IlZo.Tokenization;

namespace IlZo.Training;

/// <summary>How a task's answers are generated; see <see cref="Generation.AnswerGenerator"/>.</summary>
/// <param name="Tokenizer">The model's tokenizer.</param>
/// <param name="MaxNewTokens">Tokens of an answer at most.</param>
internal sealed record AnswerSettings(ITokenizer Tokenizer, int MaxNewTokens);
