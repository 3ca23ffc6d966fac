using System.Text.Json;
using System.Text.Unicode;

namespace IlZo.Tasks;

/// <summary>Reads <see cref="TaskDefinition"/>s; see <c>docs/tasks.md</c> for the format.</summary>
internal sealed class TaskDefinitionReader
{
    private const int DefaultDev = 500;

    private readonly DefinitionNode _root;
    private readonly FieldPath? _each;
    private readonly Dictionary<string, TaskField> _fields = new(StringComparer.Ordinal);

    private TaskDefinitionReader(DefinitionNode root)
    {
        _root = root;
        root.RequireKeys(
            ["name", "description", "candidates", "label"],
            ["prompt", "answer", "masked", "texts", "each", "fields", "objective", "metric", "dev", "sample"]);
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

            using var document = JsonDocument.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
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
        var labels = new Dictionary<string, int>(StringComparer.Ordinal);
        var candidates = ReadCandidates(labels);
        var masked = ReadMasked();
        var texts = ReadTexts();
        bool promptless = masked is not null || texts.Count > 0;
        var template = new RowTemplate
        {
            Each = _each,
            Causal = promptless && _root.TryGet("prompt") is null && _root.TryGet("answer") is null ? null : ReadCausal(),
            Masked = masked,
            Texts = texts,
            Candidates = candidates,
            Label = Field(_root["label"], _root["label"].Text()),
            Labels = labels,
        };
        return new TaskDefinition(template)
        {
            Name = ReadName(),
            Description = _root["description"].Text(),
            Objective = _root.Choice(
                "objective", ("classification", TaskObjective.Classification), ("language-model", TaskObjective.LanguageModel)),
            Metric = _root.Choice("metric", ("accuracy", TaskMetric.Accuracy)),
            DevExamples = _root.TryGet("dev")?.Count() ?? DefaultDev,
            Sample = _root.TryGet("sample") is null ? null : _root.Choice("sample", ("sst2", "sst2")),
        };
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

            var paths = value.IsText ? [Path(value, value.Text())] : value.Elements().Select(e => Path(e, e.Text())).ToArray();
            if (paths.Length == 0)
            {
                throw value.Error("is empty; expected at least one path");
            }

            _fields.Add(name, new TaskField(name, paths));
        }
    }

    private CausalPrompt ReadCausal()
    {
        _root.RequireMembers("prompt", "answer");
        var node = _root["answer"];
        var answer = Template(node);
        return answer.UsesCandidate
            ? new CausalPrompt(ReadPrompt(), answer)
            : throw node.Error("does not name {candidate}; expected the text that follows the prompt, e.g. \" {candidate}\"");
    }

    private MaskedPrompt? ReadMasked()
    {
        if (_root.TryGet("masked") is not { } node)
        {
            return null;
        }

        node.RequireKeys(["prompt"], ["max_length"]);
        (TextTemplate? Text, int? Limit)[] pieces = [.. node["prompt"].Elements().Select(ReadPiece)];
        int masks = pieces.Count(p => p.Text is null);
        if (masks != 1)
        {
            throw node["prompt"].Error($"has {masks} pieces \"{MaskedPrompt.Mask}\"; expected exactly one");
        }

        int maxLength = node.TryGet("max_length") is { } length ? PositiveCount(length) : MaskedPrompt.DefaultMaxLength;
        return new MaskedPrompt(pieces, maxLength);
    }

    private IReadOnlyList<TextTemplate> ReadTexts()
    {
        if (_root.TryGet("texts") is not { } node)
        {
            return [];
        }

        TextTemplate[] texts = [.. node.Elements().Select(PlainTemplate)];
        return texts.Length is 1 or 2 ? texts : throw node.Error($"has {texts.Length} texts; expected 1 or 2");
    }

    // A text, or a text with the most tokens that are kept of it.
    private (TextTemplate? Text, int? Limit) ReadPiece(DefinitionNode node)
    {
        if (node.IsText)
        {
            return (node.Text() == MaskedPrompt.Mask ? null : PlainTemplate(node), null);
        }

        node.RequireKeys(["text", "limit"], []);
        return (PlainTemplate(node["text"]), PositiveCount(node["limit"]));
    }

    private static int PositiveCount(DefinitionNode node) => node.Count() is var count and > 0 ? count : throw node.Error("is 0; expected 1 or more");

    private PromptChoice ReadPrompt()
    {
        var node = _root["prompt"];
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

    private List<TextTemplate> ReadCandidates(Dictionary<string, int> labels)
    {
        var result = new List<TextTemplate>();
        foreach (var node in _root["candidates"].Elements())
        {
            node.RequireKeys(["text", "labels"], []);
            var template = PlainTemplate(node["text"]);
            if (template.Literal is { } word && (word.Length == 0 || result.Any(other => other.Literal == word)))
            {
                throw node["text"].Error("is empty or the text of an earlier candidate; expected texts that differ");
            }

            foreach (var value in node["labels"].Elements())
            {
                string key = RowTemplate.LabelKey(value.Element)
                    ?? throw value.Error("cannot be a label; expected text, a number, true or false");
                if (!labels.TryAdd(key, result.Count))
                {
                    throw value.Error($"is {key} for the second time; expected label values that differ");
                }
            }

            if (!labels.ContainsValue(result.Count))
            {
                throw node["labels"].Error("is empty; expected the label values that mean this candidate");
            }

            result.Add(template);
        }

        return result.Count >= 2
            ? result
            : throw _root["candidates"].Error($"has {result.Count} candidates; expected at least 2");
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
            ?? throw node.Error($"holds \"{text}\", which is no field; expected names joined by periods");
        return path.LiesWithin(_each)
            ? path
            : throw node.Error($"holds \"{text}\", which enters a list; expected only lists that \"each\" enters, in its order");
    }
}
