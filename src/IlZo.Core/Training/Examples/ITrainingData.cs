using IlZo.Models;
using IlZo.Tokenization;

namespace IlZo.Training;

/// <summary>
/// A program's own examples, instead of a task or files: <see cref="TrainingOptions.Examples"/>. <see cref="TrainingRows"/> covers prompts,
/// conversations and texts.
/// </summary>
public interface ITrainingData
{
    /// <summary>
    /// Makes the examples. A run records their hash: to resume it, this must produce the same ones for the same options and tokenizer, or
    /// the run is refused.
    /// </summary>
    /// <param name="options">The training options, with the seed and the requested numbers of examples.</param>
    /// <param name="model">The model; its <see cref="ModelShape.LongestText"/> is the maximum number of tokens in an example.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InvalidInputException">There are none, or they do not fit the model.</exception>
    TrainingExamples Load(TrainingOptions options, LanguageModel model, ITokenizer tokenizer, CancellationToken cancellation);
}
