using IlZo.Backends;
using IlZo.Models;

namespace IlZo.Adapters;

/// <summary>
/// A kind of adapter: its name, its options, and how it is made, read and written. A new kind is a file with its <see cref="Adapter"/>, one
/// with its kind, and a line in <see cref="AdapterCatalog"/>.
/// </summary>
internal abstract class AdapterKind
{
    private protected AdapterKind()
    {
    }

    /// <summary>The name by which a new adapter of this kind is requested.</summary>
    public abstract string Name { get; }

    /// <summary>The options of adapters of this kind.</summary>
    public abstract IReadOnlyList<AdapterOption> Options { get; }

    /// <summary>Learning rate of <c>mezo</c> and radius for the built-in model.</summary>
    public abstract (double LearningRate, double Epsilon) ForBuiltIn { get; }

    /// <summary>Learning rate of <c>mezo</c> and radius for RoBERTa.</summary>
    public abstract (double LearningRate, double Epsilon) ForRoberta { get; }

    /// <summary>Learning rate of <c>mezo</c> and radius for other models.</summary>
    public abstract (double LearningRate, double Epsilon) ForOthers { get; }

    /// <summary>The approximate norm of the gradient, by which some methods divide.</summary>
    public abstract double GradientNorm { get; }

    /// <summary>Where the settings for models other than the built-in one are from; null for MeZO's runs.</summary>
    public virtual string? Source => null;

    /// <summary>Whether a new adapter is initialized from activations of the model, which a backend must compute.</summary>
    public virtual bool StartsFromActivations => false;

    /// <summary>Whether an adapter's effect goes into weights in blocks as they are; else they are widened first.</summary>
    public virtual bool MergesIntoBlocks => false;

    /// <summary>PEFT's name for the kind: <c>peft_type</c>.</summary>
    internal abstract string PeftType { get; }

    /// <exception cref="InvalidInputException">An option of this kind is out of range.</exception>
    internal abstract void Validate(AdapterOptions options);

    /// <summary>Makes a new adapter and adds it to its model.</summary>
    /// <param name="model">A model without an adapter.</param>
    /// <param name="options">Options that were validated.</param>
    /// <param name="backend">Runs the model if the adapter is initialized from its activations; null leaves such an adapter at
    /// zero.</param>
    /// <exception cref="InvalidInputException">An option cannot be used with this model.</exception>
    internal abstract void Attach(LanguageModel model, AdapterOptions options, IBackend? backend);

    /// <summary>Reads an adapter and adds it to its model.</summary>
    /// <exception cref="InvalidInputException">It does not fit the model, or a field is not supported.</exception>
    internal abstract void Attach(LanguageModel model, PeftFolder saved);

    private protected static void Require(bool condition, FormattableString message)
    {
        if (!condition)
        {
            throw new InvalidInputException(FormattableString.Invariant(message));
        }
    }
}

/// <summary>An option of a kind of adapter.</summary>
/// <param name="Name">Its name: lower case with dashes.</param>
/// <param name="Placeholder">What stands for its value in a help text.</param>
/// <param name="Description">A sentence about it.</param>
internal abstract record AdapterOption(string Name, string Placeholder, string Description);

/// <summary>An option with a value of a certain type.</summary>
/// <param name="Name">Its name: lower case with dashes.</param>
/// <param name="Placeholder">What stands for its value in a help text.</param>
/// <param name="Description">A sentence about it.</param>
/// <param name="Set">Options with this one set to a value.</param>
internal sealed record AdapterOption<T>(string Name, string Placeholder, string Description, Func<AdapterOptions, T, AdapterOptions> Set)
    : AdapterOption(Name, Placeholder, Description);
