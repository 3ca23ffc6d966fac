using System.Text.RegularExpressions;
using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Adapters;

/// <summary>
/// Which linear layers get low-rank factors, as PEFT says it: by names, of which a layer's own has to be one or to end in a dot and
/// one; or by a regular expression that the whole name has to match.
/// Source: huggingface/peft src/peft/tuners/tuners_utils.py, check_target_module_exists.
/// </summary>
/// <param name="Names">The names; empty where there is an expression.</param>
/// <param name="Expression">The expression, or null. <c>all-linear</c> stands for all layers.</param>
internal sealed record TargetModules(IReadOnlyList<string> Names, string? Expression)
{
    /// <summary>What the command line calls them.</summary>

    private const string AllLinear = "all-linear";

    /// <summary>Names, or roles of a model's tensors (<see cref="RoleWords"/>), with commas between them.</summary>
    /// <exception cref="InvalidInputException">A role is none, or that of no linear layer.</exception>
    public static TargetModules Parse(string targets, LanguageModel model) => targets == AllLinear
        ? new([], AllLinear)
        : new([.. targets.Split(',', StringSplitOptions.TrimEntries
            | StringSplitOptions.RemoveEmptyEntries).SelectMany(t => NamesOf(t, model)).Distinct()], null);

    /// <summary>
    /// What LoRA is put on where nothing else is asked for, which is PEFT's choice for each family: queries and values; where these are one
    /// layer, it. Source: huggingface/peft src/peft/utils/constants.py, TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING.
    /// </summary>
    public static TargetModules QueriesAndValues(LanguageModel model) => Parse($"{RoleWords.Prefix}query,{RoleWords.Prefix}value", model);

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

    // A role is written as PEFT writes names: their last parts where these are no other layers' too, else whole names.
    private static IEnumerable<string> NamesOf(string target, LanguageModel model)
    {
        if (RoleWords.Find(target, Setting.Targets) is not { } role)
        {
            return [target];
        }

        string[] wanted = [.. model.Linears.Where(l => role(l.Value.Weight.Role)).Select(l => l.Key)];
        if (wanted.Length == 0)
        {
            throw new InvalidInputException(
                $"{Setting.Targets} has '{target}', which is the role of no linear layer; {RoleWords.Prefix} and one of "
                + $"{string.Join(", ", RoleWords.Of(model.Linears.Values.Select(l => l.Weight.Role)))} was expected.");
        }

        var others = model.Linears.Keys.Except(wanted).Select(LastPart).ToHashSet(StringComparer.Ordinal);
        return wanted.Select(module => others.Contains(LastPart(module)) ? module : LastPart(module));
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
            throw new InvalidInputException(
                $"'{Expression}' is not a regular expression that can be used for names of layers; one was expected.", e);
        }
    }
}
