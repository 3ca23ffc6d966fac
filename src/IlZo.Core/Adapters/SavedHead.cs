using System.Text.Json;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Adapters;

/// <summary>
/// The classification head that an adapter in PEFT's format holds as a whole, since it starts at random and not from the checkpoint: the
/// modules that <c>modules_to_save</c> names, and with a prefix, whose configuration has no such field, those that the file has.
/// Source: huggingface/peft src/peft/utils/other.py, ModulesToSaveWrapper; src/peft/utils/save_and_load.py.
/// </summary>
internal static class SavedHead
{
    /// <summary>The field that names the modules: a module's own name, or what it ends with, or a module around it.</summary>
    public const string Field = "modules_to_save";

    /// <summary>The tensors of a model's head that an adapter holds, by the names that transformers gives them.</summary>
    /// <exception cref="InvalidInputException">It holds other modules.</exception>
    public static IReadOnlyDictionary<string, Parameter> Of(PeftFolder saved, LanguageModel model)
    {
        var names = saved.Config.Texts(Field) ?? [];
        string[] modules = [.. model.ClassificationHead.Keys.Select(Module)];
        string? other = names.FirstOrDefault(n => !IsOfClassifiers(n) && !Array.Exists(modules, m => IsNamed(m, n)))
            ?? names.FirstOrDefault(n => model.Linears.Keys.Any(l => IsNamed(l, n) && !modules.Contains(l)));
        if (other is not null)
        {
            throw new InvalidInputException(
                $"{saved.ConfigPath}: the field '{Field}' has '{other}', which is not supported for {model.Shape.Architecture}; parts of a "
                    + "classification head were expected.");
        }

        return model.ClassificationHead.Where(t => names.Any(n => IsNamed(Module(t.Key), n))).ToDictionary(
            t => t.Key, t => t.Value, StringComparer.Ordinal);
    }

    /// <summary>The tensors of a model's head that a file has.</summary>
    public static IReadOnlyDictionary<string, Parameter> InFile(PeftFolder saved, LanguageModel model) =>
        model.ClassificationHead.Where(t => saved.Has(PeftFolder.ModulePrefix + t.Key)).ToDictionary(
            t => t.Key, t => t.Value, StringComparer.Ordinal);

    /// <summary>Names in the file and shapes.</summary>
    public static IEnumerable<(string Name, IReadOnlyList<long> Shape)> Shapes(IReadOnlyDictionary<string, Parameter> head) =>
        head.Select(t => (PeftFolder.ModulePrefix + t.Key, t.Value.Shape));

    /// <summary>What is written of them.</summary>
    public static IEnumerable<TensorEntry> Tensors(IReadOnlyDictionary<string, Parameter> head) =>
        head.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => TensorEntry.Of(t.Value, PeftFolder.ModulePrefix + t.Key));

    /// <summary>Puts the numbers of a file in the place of the model's, rounded to their type.</summary>
    /// <exception cref="InvalidInputException">One is not finite, or outside the range of the type.</exception>
    public static void Read(PeftFolder saved, IReadOnlyDictionary<string, Parameter> head)
    {
        foreach (var (name, parameter) in head)
        {
            float[] values = new float[parameter.Count];
            saved.Read(PeftFolder.ModulePrefix + name, values);
            using var alone = parameter.Set!.Write();
            for (int row = 0; row < parameter.Rows; row++)
            {
                WeightLoader.WriteRow(parameter, row, values.AsSpan(row * parameter.Columns, parameter.Columns));
            }
        }
    }

    /// <summary>Writes the field.</summary>
    public static void WriteModules(Utf8JsonWriter json, IReadOnlyDictionary<string, Parameter> head)
    {
        if (head.Count == 0)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartArray();
        foreach (string module in head.Keys.Select(Module).Distinct().Order(StringComparer.Ordinal))
        {
            json.WriteStringValue(module);
        }

        json.WriteEndArray();
    }

    // PEFT puts these two into every adapter for classification, whatever the model calls its head.
    private static bool IsOfClassifiers(string name) => name is "classifier" or "score";

    private static bool IsNamed(string module, string name) => module == name || module.EndsWith("." + name, StringComparison.Ordinal)
        || module.StartsWith(name + ".", StringComparison.Ordinal) || module.Contains($".{name}.", StringComparison.Ordinal);

    private static string Module(string tensor) => tensor[..tensor.LastIndexOf('.')];
}
