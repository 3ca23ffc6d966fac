using System.Text.Json;
using System.Text.Unicode;

namespace IlZo.Tasks;

/// <summary>Reads <see cref="TaskDefinition"/>s; see <c>docs/tasks.md</c> for the format.</summary>
internal sealed partial class TaskDefinitionReader
{
    private const int DefaultDev = 500;
    private const int DefaultNewTokens = 50;

    // Any of them says that there is a prompt for causal models.
    private static readonly string[] s_ofCausal = ["prompt", "answer", "content_free"];

    private readonly DefinitionNode _root;
    private readonly FieldPath? _each;
    private readonly Dictionary<string, TaskField> _fields = new(StringComparer.Ordinal);

    private TaskDefinitionReader(DefinitionNode root)
    {
        _root = root;
        root.RequireKeys(
            ["name", "description"],
            [
                "prompt", "answer", "masked", "texts", "candidates", "label", "answers", "each", "fields", "objective", "metric",
                "max_new_tokens",
                "content_free", "dev", "sample",
            ]);
        _each = ReadEach();
        ReadFields();
    }

    public static TaskDefinition Read(ReadOnlyMemory<byte> utf8, string source)
    {
        if (utf8.Span.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }

        try
        {
            if (!Utf8.IsValid(utf8.Span) || JsonlReader.HasLoneSurrogate(utf8.Span))
            {
                throw new InvalidInputException($"{source}: is not Unicode text in UTF-8; expected a task definition in JSON.");
            }

            DistinctProperties.Require(utf8.Span);
            using var document = JsonDocument.Parse(utf8);
            return new TaskDefinitionReader(new DefinitionNode(source, "", document.RootElement)).ReadTask();
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"{source}:{(e.LineNumber ?? 0) + 1}: is not valid JSON ({FirstSentence(e.Message)}); expected a task definition.", e);
        }
    }

    private static string FirstSentence(string message)
    {
        // The rest of the message repeats the place in other words.
        int end = message.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? message.TrimEnd('.') : message[..end];
    }

    private TaskDefinition ReadTask()
    {
        var candidates = ReadCandidates();
        bool generates = candidates.Kind == AnswerKind.Generated;
        RequireSuitable("max_new_tokens", generates, "tasks whose answer is generated, which list no candidates");
        RequireSuitable("content_free", !generates, "tasks with candidates");
        RequireSuitable("masked", candidates is LabelledCandidates, "tasks with labelled candidates");
        RequireSuitable("texts", candidates is LabelledCandidates, "tasks with labelled candidates");
        var masked = ReadMasked();
        var texts = ReadTexts();
        bool promptless = masked is not null || texts.Count > 0;
        var template = new RowTemplate
        {
            Each = _each,
            Causal = promptless && s_ofCausal.All(key => _root.TryGet(key) is null) ? null : ReadCausal(),
            Masked = masked,
            Texts = texts,
            Candidates = candidates,
        };
        return new TaskDefinition(template)
        {
            Name = ReadName(),
            Description = _root["description"].Text(),
            Objective = generates
                ? _root.Choice("objective", ("language-model", TaskObjective.LanguageModel))
                : _root.Choice(
                    "objective", ("classification", TaskObjective.Classification), ("language-model", TaskObjective.LanguageModel)),
            Metric = _root.Choice("metric", [.. MetricCatalog.Judging(candidates.Kind).Select(m => (m.Name, m))]),
            MaxNewTokens = !generates ? 0 : _root.TryGet("max_new_tokens") is { } node ? PositiveCount(node) : DefaultNewTokens,
            DevExamples = _root.TryGet("dev")?.Count() ?? DefaultDev,
            Sample = _root.TryGet("sample") is null ? null : _root.Choice("sample", ("sst2", "sst2")),
        };
    }

    private static int PositiveCount(DefinitionNode node) =>
        node.Count() is > 0 and var count ? count : throw node.Error("is 0; expected 1 or more");

    private void RequireSuitable(string key, bool suitable, string forWhat)
    {
        if (!suitable && _root.TryGet(key) is { } node)
        {
            throw node.Error($"is only for {forWhat}; expected no such key");
        }
    }

    private string ReadName()
    {
        string name = _root["name"].Text();
        return name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw _root["name"].Error("is not a name; expected letters, digits, '-', '_' and '.'");
    }

    private FieldPath? ReadEach()
    {
        if (_root.TryGet("each") is not { } node)
        {
            return null;
        }

        var path = FieldPath.TryParse(node.Text());
        return path is { IsList: true }
            ? path
            : throw node.Error("is not a path to the elements of a list; expected one like \"questions[].answers[]\"");
    }

    private void ReadFields()
    {
        if (_root.TryGet("fields") is not { } node)
        {
            return;
        }

        foreach (var (name, value) in node.Members())
        {
            if (name == TextTemplate.CandidateName || FieldPath.TryParse(name) is null)
            {
                throw value.Error(
                    "cannot be the name of a field; expected one without braces, brackets and '|', and not \"candidate\"");
            }

            _fields.Add(
                name, value.Element.ValueKind == JsonValueKind.Object ? ReadReplacing(name, value) : new TaskField(name, ReadPaths(value)));
        }
    }

    private CausalPrompt ReadCausal()
    {
        _root.RequireMembers("prompt", "answer");
        var node = _root["answer"];
        var answer = Template(node);
        var contentFree = _root.TryGet("content_free") is { } free ? ReadPrompt(free) : null;
        return answer.UsesCandidate
            ? new CausalPrompt(ReadPrompt(_root["prompt"]), contentFree, answer)
            : throw node.Error("does not name {candidate}; expected the text that follows the prompt, e.g. \" {candidate}\"");
    }

    // {"path": path or paths, "replace": {"part": "by", …}}
    private TaskField ReadReplacing(string name, DefinitionNode node)
    {
        node.RequireKeys(["path", "replace"], []);
        var replacements = new List<(string, TextTemplate)>();
        foreach (var (part, by) in node["replace"].Members())
        {
            if (part.Length == 0)
            {
                throw by.Error("stands in place of an empty text; expected a part of the field to replace");
            }

            replacements.Add((part, TextTemplate.Parse(
                by.Text(), by.Place, used => throw by.Error($"names the field {{{used}}}; expected plain text, or {{candidate}}"))));
        }

        return new TaskField(name, ReadPaths(node["path"])) { Replacements = replacements };
    }

    private FieldPath[] ReadPaths(DefinitionNode node)
    {
        FieldPath[] paths = [.. TextOrTexts(node).Select(e => Path(e, e.Text()))];
        return paths.Length > 0 ? paths : throw node.Error("is empty; expected at least one path");
    }

    private static IEnumerable<DefinitionNode> TextOrTexts(DefinitionNode node) => node.IsText ? [node] : node.Elements();

    private PromptChoice ReadPrompt(DefinitionNode node)
    {
        if (node.IsText)
        {
            return new PromptChoice(PlainTemplate(node));
        }

        node.RequireKeys(["by", "cases"], []);
        var cases = node["cases"].Members().ToDictionary(c => c.Key, c => PlainTemplate(c.Value), StringComparer.Ordinal);
        return cases.Count > 0
            ? new PromptChoice(Field(node["by"], node["by"].Text()), cases)
            : throw node["cases"].Error("is empty; expected a template for each value of the field");
    }

    private TextTemplate PlainTemplate(DefinitionNode node)
    {
        var template = Template(node);
        return template.UsesCandidate ? throw node.Error("names {candidate}; expected that only in \"answer\"") : template;
    }

    private TextTemplate Template(DefinitionNode node) => TextTemplate.Parse(node.Text(), node.Place, name => Field(node, name));

    private TaskField Field(DefinitionNode node, string name)
    {
        return _fields.TryGetValue(name, out var field) ? field : new TaskField(name, [Path(node, name)]);
    }

    private FieldPath Path(DefinitionNode node, string text)
    {
        var path = FieldPath.TryParse(text)
            ?? throw node.Error($"holds \"{text}\", which is not a field; expected names joined by periods");
        return path.LiesWithin(_each)
            ? path
            : throw node.Error($"holds \"{text}\", which enters a list; expected only lists that \"each\" enters, in its order");
    }
}
