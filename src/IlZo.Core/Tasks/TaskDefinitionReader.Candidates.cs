using System.Text.Json;

namespace IlZo.Tasks;

internal sealed partial class TaskDefinitionReader
{
    // A list of candidates with a label, an object that says where rows list theirs, or neither: then the answer is generated.
    private CandidateSource ReadCandidates()
    {
        var candidates = _root.TryGet("candidates");
        if (candidates?.Element.ValueKind is JsonValueKind.Array)
        {
            RequireSuitable("answers", suitable: false, "tasks without labelled candidates");
            return ReadLabelled(candidates);
        }

        if (candidates == null && _root.TryGet("answers") == null)
        {
            throw new InvalidInputException(
                $"{_root.Place}: has no \"candidates\"; expected candidates with a label, or \"answers\" where the answer is generated.");
        }

        CandidateSource source = candidates == null ? new GeneratedAnswers(ReadTextList(Required("answers"))) : ReadListed(candidates);
        RequireSuitable("label", suitable: false, "tasks with labelled candidates");
        return source;
    }

    private ListedCandidates ReadListed(DefinitionNode node)
    {
        if (node.Element.ValueKind != JsonValueKind.Object)
        {
            throw node.Error("is neither a list of candidates nor an object with texts; expected one of them");
        }

        node.RequireKeys(["texts"], ["spans_of"]);
        var spansOf = node.TryGet("spans_of") is { } of ? Field(of, of.Text()) : null;
        return new ListedCandidates(ReadTextList(node["texts"], spansOf), ReadTextList(Required("answers")));
    }

    private DefinitionNode Required(string key) => _root.TryGet(key) ?? throw new InvalidInputException(
        $"{_root.Place}: has no \"{key}\"; expected the field of the row that says what is correct.");

    // Each place is a path, or a template where it has braces.
    private TextList ReadTextList(DefinitionNode node, TaskField? spansOf = null)
    {
        TextSource[] sources = [.. TextOrTexts(node).Select(Source)];
        string expectation = string.Join(" or ", TextOrTexts(node).Select(e => $"\"{e.Text()}\""));
        return sources.Length > 0
            ? new TextList(sources, expectation, spansOf)
            : throw node.Error("is empty; expected at least one path");
    }

    private TextSource Source(DefinitionNode node)
    {
        string text = node.Text();
        if (text.Contains('{', StringComparison.Ordinal))
        {
            return new TextSource(null, false, PlainTemplate(node));
        }

        return FieldPath.TryParse(text) is { } path && path.Collects(_each)
            ? new TextSource(path, true, null)
            : new TextSource(Path(node, text), false, null);
    }

    private LabelledCandidates ReadLabelled(DefinitionNode list)
    {
        var labels = new Dictionary<string, int>(StringComparer.Ordinal);
        var templates = ReadLabelled(list, labels);
        var label = Required("label");
        return new LabelledCandidates(templates, Field(label, label.Text()), labels);
    }

    private List<TextTemplate> ReadLabelled(DefinitionNode list, Dictionary<string, int> labels)
    {
        var result = new List<TextTemplate>();
        foreach (var node in list.Elements())
        {
            node.RequireKeys(["text", "labels"], []);
            var template = PlainTemplate(node["text"]);
            if (template.Literal is { } word && (word.Length == 0 || result.Any(other => other.Literal == word)))
            {
                throw node["text"].Error("is empty or the text of an earlier candidate; expected texts that differ");
            }

            foreach (var value in node["labels"].Elements())
            {
                string key = LabelledCandidates.LabelKey(value.Element)
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
            : throw list.Error($"has {result.Count} candidates; expected at least 2");
    }
}
