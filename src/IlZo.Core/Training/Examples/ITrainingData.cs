using IlZo.Models;
using IlZo.Tokenization;

namespace IlZo.Training;

/// <summary>
/// Examples of a program's own, in the place of a task or of files: <see cref="TrainingOptions.Examples"/>. <see cref="TrainingRows"/> are
/// prompts, conversations and texts.
/// </summary>
public interface ITrainingData
{
    /// <summary>
    /// Makes the examples. A run keeps a hash of them: whoever continues it comes to the same ones, for the same options and tokenizer, or
    /// is refused.
    /// </summary>
    /// <param name="options">The training, with its seed and the numbers of examples that are asked for.</param>
    /// <param name="model">The model; its <see cref="ModelShape.LongestText"/> is the most tokens of an example.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InvalidInputException">There are none, or they do not suit the model.</exception>
    TrainingExamples Load(TrainingOptions options, LanguageModel model, ITokenizer tokenizer, CancellationToken cancellation);
}
