using IlZo.Inference;
using IlZo.Tokenization.ChatTemplates;

// Most chat models have their own template.
using var model = TextModel.Load(args[0], new TextModelOptions { ChatTemplate = args.ElementAtOrDefault(1) });
var conversation = new List<ChatMessage>();
while (Console.ReadLine() is { } line)
{
    conversation.Add(new ChatMessage("user", line));
    await foreach (string piece in model.ChatAsync(
        conversation, onEnd: answer => conversation.Add(new ChatMessage("assistant", answer.Text))))
    {
        Console.Write(piece);
    }

    Console.WriteLine();
}
