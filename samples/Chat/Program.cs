using IlZo.Inference;
using IlZo.Tokenization.ChatTemplates;

// Most chat models have a template of their own.
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
