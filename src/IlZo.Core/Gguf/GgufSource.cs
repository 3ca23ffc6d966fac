using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Gguf;

/// <summary>The model that becomes a file: its tensors by the names of the reference library, and its configuration.</summary>
/// <param name="model">A causal language model without an adapter.</param>
/// <param name="prefix">What stands before the names of its tensors.</param>
internal sealed class GgufSource(LanguageModel model, string prefix)
{
    private readonly IReadOnlyDictionary<string, Parameter> _tensors = model.Backbone;

    public LanguageModel Model => model;

    /// <summary>A new reader of config.json.</summary>
    public ConfigReader Config => new(
        $"'{Path.Combine(model.Checkpoint.DisplayName, CheckpointFolder.ConfigFileName)}'", model.Checkpoint.ConfigJson);

    /// <summary>A tensor, or null if the model has none of this name.</summary>
    /// <param name="name">The name behind the prefix.</param>
    public Parameter? Find(string name) => _tensors.GetValueOrDefault(prefix + name);

    /// <summary>A matrix or vector, under its new name; nothing if the model has none of the old one.</summary>
    /// <param name="name">The name behind the prefix.</param>
    /// <param name="newName">The name in the file.</param>
    /// <param name="rows">Its numbers; null for the parameter's own.</param>
    public IEnumerable<GgufTensor> Renamed(string name, string newName, Func<Parameter, GgufRows>? rows = null)
    {
        if (Find(name) is { } parameter)
        {
            bool isVector = parameter.Shape.Count == 1;
            yield return new GgufTensor(newName, isVector, rows is null ? GgufRows.Of(parameter) : rows(parameter), KeepsExact: isVector);
        }
    }

    /// <summary>The output head, if it is not the table of embeddings.</summary>
    /// <param name="table">The name of that table.</param>
    public IEnumerable<GgufTensor> Head(string table)
    {
        if (!ReferenceEquals(model.Head.Weight, Find(table)))
        {
            yield return new GgufTensor("output.weight", IsVector: false, GgufRows.Of(model.Head.Weight), KeepsExact: false);
        }
    }

    /// <summary>Refuses a model that the programs which read the format would compute differently.</summary>
    /// <exception cref="InvalidInputException">The condition does not hold.</exception>
    public void Require(bool condition, string found)
    {
        if (!condition)
        {
            throw new InvalidInputException(
                $"'{model.Checkpoint.DisplayName}' {found}, for which GGUF has no form; a model without that was expected.");
        }
    }
}
