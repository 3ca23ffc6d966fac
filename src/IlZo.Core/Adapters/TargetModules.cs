using System.Text.RegularExpressions;
using IlZo.Models;

namespace IlZo.Adapters;

/// <summary>
/// Which linear layers get low-rank factors, as PEFT says it: by names, of which a layer's own has to be one or to end in a dot and
/// one; or by a regular expression that the whole name has to match.
/// Source: huggingface/peft src/peft/tuners/tuners_utils.py, check_target_module_exists.
/// </summary>
/// <param name="Names">The names; empty where there is an expression.</param>
/// <param name="Expression">The expression, or null. <c>all-linear</c> stands for all layers.</param>
public sealed record TargetModules(IReadOnlyList<string> Names, string? Expression)
{
    private const string AllLinear = "all-linear";

    // Queries and values, by the names that families give them; where all three projections are one layer, that one.
    private static readonly string[][] s_queriesAndValues = [["q_proj", "v_proj"], ["query", "value"], ["c_attn"]];

    /// <summary>Names with commas between them.</summary>
    public static TargetModules Parse(string names) => names == AllLinear
        ? new([], AllLinear)
        : new(names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), null);

    /// <summary>What LoRA is put on where nothing else is asked for.</summary>
    public static TargetModules QueriesAndValues(LanguageModel model)
    {
        var names = model.Linears.Keys.Select(LastPart).ToHashSet(StringComparer.Ordinal);
        return new(Array.Find(s_queriesAndValues, group => Array.TrueForAll(group, names.Contains)) ?? [], null);
    }

    /// <summary>The layers of a model that are meant, in the ordinal order of their names.</summary>
    /// <exception cref="InvalidInputException">There are none, or a name is no layer's.</exception>
    public IReadOnlyList<string> In(LanguageModel model, string source)
    {
        string[] all = [.. model.Linears.Keys.Order(StringComparer.Ordinal)];
        string[] found = [.. all.Where(Matches)];
        string? unknown = Names.FirstOrDefault(name => !Array.Exists(all, module => IsNamed(module, name)));
        return found.Length > 0 && unknown is null
            ? found
            : throw new InvalidInputException(
                $"{source} has '{unknown ?? Expression ?? string.Empty}', which is the name of no linear layer; "
                + $"one of {string.Join(", ", all.Select(LastPart).Distinct())} was expected.");
    }

    private static bool IsNamed(string module, string name) => module == name || module.EndsWith("." + name, StringComparison.Ordinal);

    private static string LastPart(string module) => module[(module.LastIndexOf('.') + 1)..];

    private bool Matches(string module)
    {
        if (Expression is null)
        {
            return Names.Any(name => IsNamed(module, name));
        }

        if (Expression == AllLinear)
        {
            return true;
        }

        try
        {
            return Regex.IsMatch(module, $@"\A(?:{Expression})\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            throw new InvalidInputException($"'{Expression}' is not a regular expression that can be used for names of layers; one was expected.", e);
        }
    }
}
